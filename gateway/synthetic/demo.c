/* tsunagi-demo: a whole consultation without camera or browser, through the real gateway, ending with the verified trail.
 * Exit 0 only if both directions decoded sound and picture, the consultation closed clean and the log verified. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gst/gst.h>

#include "gateway/synthetic/house.h"
#include "gateway/synthetic/story.h"

#define STORY_LIMIT_S 90
#define EXAMINATION_S 10

struct demo {
    bool json;
    bool keep;
    struct house *house;
    struct story story;
    json_t *timeline;
    json_t *verified;
};

static gboolean demo_too_long(gpointer owner)
{
    struct story *story = owner;
    fprintf(stderr, "the consultation did not end within %d s; it stands at \"%s\"\n",
            STORY_LIMIT_S, story->state);
    story->end = STORY_FAILED;
    g_main_loop_quit(story->loop);
    return G_SOURCE_REMOVE;
}

static struct person *demo_person(struct demo *demo, const char *name, int pattern,
                                  double frequency, person_message_fn *message)
{
    struct person_options options = {.name = name,
                                     .origin = house_origin(demo->house),
                                     .certificate = house_certificate(demo->house),
                                     .language = "en",
                                     .pattern = pattern,
                                     .frequency = frequency,
                                     .message = message,
                                     .story = &demo->story};
    return person_new(&options);
}

static bool demo_sign_in(struct person *person, json_t *who)
{
    json_t *me = person_call(person, "POST", "/api/login",
                             json_pack("{s:O,s:O}", "name", json_object_get(who, "name"),
                                       "password", json_object_get(who, "password")));
    json_decref(me);
    return me != NULL;
}

static bool demo_redeem(struct demo *demo)
{
    const char *link = json_string_value(json_object_get(house_clinic(demo->house), "link")),
               *secret = strchr(link, '#');
    json_t *visit =
        secret == NULL
            ? NULL
            : person_call(demo->story.patient, "POST", "/api/invitations/redeem",
                          json_pack("{s:s,s:s}", "secret", secret + 1, "language", "en"));
    if (visit == NULL)
        return false;
    g_strlcpy(demo->story.consultation, json_string_value(json_object_get(visit, "consultation")),
              sizeof(demo->story.consultation));
    json_decref(visit);
    return true;
}

static void demo_play(struct demo *demo)
{
    struct story *story = &demo->story;
    story->loop = g_main_loop_new(NULL, FALSE);
    story->quiet = demo->json;
    story->seconds = EXAMINATION_S;
    story->patient = demo_person(demo, "patient", 18, 440, story_patient);
    story->physician = demo_person(demo, "physician", 0, 880, story_physician);
    g_timeout_add_seconds(STORY_LIMIT_S, demo_too_long, story);
    if (demo_redeem(demo) &&
        demo_sign_in(story->physician, json_object_get(house_clinic(demo->house), "physician")) &&
        person_connect(story->physician, "staff") && person_connect(story->patient, "patient"))
        g_main_loop_run(story->loop);
    else
        story->end = STORY_FAILED;
    g_main_loop_unref(story->loop);
}

/* The administrator reads the trail, as the console does, and asks for a fresh verification first. */
static void demo_read_trail(struct demo *demo)
{
    struct person *administrator = demo_person(demo, "administrator", 0, 0, NULL);
    char *path = g_strconcat("/api/consultations/", demo->story.consultation, "/timeline", NULL);
    if (demo_sign_in(administrator, json_object_get(house_clinic(demo->house), "administrator")))
        demo->timeline = person_call(administrator, "GET", path, NULL);
    g_free(path);
    person_free(administrator);
}

static const char *demo_srtp(const struct demo *demo, int seat)
{
    json_t *record, *x;
    size_t index;
    const char *profile = "none";
    json_array_foreach(json_object_get(demo->timeline, "records"), index, record)
    {
        x = json_object_get(record, "x");
        if (strcmp(json_string_value(json_object_get(record, "act")), "media.connected") == 0 &&
            json_integer_value(json_object_get(x, "seat")) == seat)
            profile = json_string_value(json_object_get(x, "srtp"));
    }
    return profile;
}

static void demo_print_trail(const struct demo *demo)
{
    json_t *record;
    size_t index;
    printf("\n%-5s %-27s %-24s %-6s %s\n", "seq", "time (UTC)", "act", "out", "who / what");
    json_array_foreach(json_object_get(demo->timeline, "records"), index, record)
    {
        char *x = json_dumps(json_object_get(record, "x"), JSON_COMPACT);
        printf("%-5lld %-27s %-24s %-6s %s %s\n",
               (long long)json_integer_value(json_object_get(record, "seq")),
               json_string_value(json_object_get(record, "t")),
               json_string_value(json_object_get(record, "act")),
               json_string_value(json_object_get(record, "out")),
               json_string_value(json_object_get(json_object_get(record, "actor"), "k")),
               x == NULL ? "" : x);
        free(x);
    }
}

static json_t *demo_direction(struct person *receiver, const char *profile, bool *good)
{
    struct peer_counts counts = {0};
    if (person_peer(receiver) != NULL)
        peer_counts(person_peer(receiver), &counts);
    *good = *good && counts.audio_buffers > 0 && counts.video_frames > 0;
    return json_pack("{s:I,s:I,s:I,s:s}", "audio_packets", (json_int_t)counts.audio_buffers,
                     "video_frames", (json_int_t)counts.video_frames, "gap_ms",
                     (json_int_t)(counts.gap_us / 1000), "srtp_profile", profile);
}

static json_t *demo_rules(const struct demo *demo)
{
    json_t *decision, *decisions = json_object_get(demo->timeline, "decisions");
    size_t index, refused = 0;
    json_array_foreach(decisions, index, decision)
    {
        const char *verdict = json_string_value(json_object_get(decision, "verdict"));
        refused += strcmp(verdict, "pass") != 0 && strcmp(verdict, "warn") != 0;
    }
    return json_pack("{s:O?,s:O?,s:I,s:I}", "pack", json_object_get(demo->timeline, "pack"),
                     "version", json_object_get(demo->timeline, "pack_version"), "decisions",
                     (json_int_t)json_array_size(decisions), "refused", (json_int_t)refused);
}

/* Everything that has to be true for exit 0, and the one line that says it. */
static bool demo_report(struct demo *demo)
{
    bool good = demo->story.end == STORY_DONE && strcmp(demo->story.state, "closed_clean") == 0;
    json_t *to_physician = demo_direction(demo->story.physician, demo_srtp(demo, 0), &good);
    json_t *to_patient = demo_direction(demo->story.patient, demo_srtp(demo, 1), &good);
    bool verified = json_integer_value(json_object_get(demo->verified, "exit")) == 0 &&
                    json_object_get(demo->verified, "root") != NULL;
    json_t *records = json_object_get(demo->verified, "records"),
           *root = json_object_get(demo->verified, "root");
    json_t *report = json_pack("{s:s,s:s,s:{s:o,s:o},s:o,s:{s:O?,s:O?,s:b}}", "consultation",
                               demo->story.consultation, "state", demo->story.state, "media",
                               "patient_to_physician", to_physician, "physician_to_patient",
                               to_patient, "rules", demo_rules(demo), "audit", "records", records,
                               "root", root, "verified", verified);
    good = good && verified;
    if (demo->json) {
        json_dumpf(report, stdout, JSON_COMPACT);
        printf("\n");
    } else {
        demo_print_trail(demo);
        printf("\n");
        json_dumpf(report, stdout, JSON_INDENT(2));
        printf("\n\n%s\n", good ? "Both directions decoded, closed clean, log verified."
                                : "The demo failed; see above.");
    }
    json_decref(report);
    return good;
}

static char *demo_beside(const char *suffix)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    path[length > 0 ? length : 0] = 0;
    char *folder = g_path_get_dirname(path), *beside = g_build_filename(folder, suffix, NULL);
    g_free(folder);
    return beside;
}

/* The first of the two that exists: beside the build, or installed. */
static char *demo_find(const char *built, const char *installed)
{
    char *path = demo_beside(built);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return path;
    g_free(path);
    return g_strdup(installed);
}

int main(int argc, char **argv)
{
    struct demo demo = {0};
    gst_init(NULL, NULL);
    for (int i = 1; i < argc; i++) {
        demo.json = demo.json || strcmp(argv[i], "--json") == 0;
        demo.keep = demo.keep || strcmp(argv[i], "--keep") == 0;
    }
    char *binary = demo_beside("tsunagi"), *web = demo_find("../web", "/usr/share/tsunagi/web");
    char *pack = demo_find("../../../config/rules/jp-online-care.yaml",
                           "/usr/share/tsunagi/rules/jp-online-care.yaml");
    bool good = false;
    struct house_options options = {.binary = binary, .web = web, .pack = pack};
    demo.house = house_open(&options);
    if (demo.house != NULL) {
        demo_play(&demo);
        demo_read_trail(&demo);
        g_usleep(1500000); /* the signer signs once a second: let it reach the last record */
        demo.verified = house_verify(demo.house);
        good = demo_report(&demo);
        person_free(demo.story.patient);
        person_free(demo.story.physician);
        json_decref(demo.timeline);
        json_decref(demo.verified);
        demo.house = house_close(demo.house, demo.keep);
    }
    g_free(binary);
    g_free(web);
    g_free(pack);
    return good ? 0 : 1;
}
