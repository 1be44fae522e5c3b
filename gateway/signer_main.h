/* `tsunagi signer …`: the process that holds the log key. It reads new records beside the running gateway, recomputes
 * what they hash to, and publishes a signed checkpoint each second in which there were any. Thread: main.
 *
 *   tsunagi signer --init --state DIR (--config FILE | --origin NAME [--publish DIR])
 *       makes the key (once) and prints the verifier key; log.vkey is left in the state folder and beside the checkpoints
 *   tsunagi signer --state DIR (--config FILE | --database FILE [--publish DIR]) [--once]
 *       signs until SIGTERM or SIGINT (then once more, so that log.close is covered), or once
 *
 * The folder of checkpoints is the state folder when nothing else is said. A key is made at the first start too.
 * Exit status: 0 done; 1 refused to sign: the log is not how the last signed head goes on; 2 key, state or configuration
 * cannot be used; 3 another signer holds this state folder; 4 usage; 5 database or disk failed (with --once). */
#ifndef GATEWAY_SIGNER_MAIN_H
#define GATEWAY_SIGNER_MAIN_H

enum signer_exit {
    SIGNER_EXIT_DONE = 0,
    SIGNER_EXIT_REFUSED = 1,
    SIGNER_EXIT_SETUP = 2,
    SIGNER_EXIT_RUNNING = 3,
    SIGNER_EXIT_USAGE = 4,
    SIGNER_EXIT_FAILED = 5,
};

/* argv[0] is the word "signer". */
int signer_cli(int argc, char **argv);

#endif
