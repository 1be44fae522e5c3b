/* `tsunagi demo-clinic`: a clinic to try things with. */
#ifndef GATEWAY_DEMO_CLINIC_H
#define GATEWAY_DEMO_CLINIC_H

/* Makes institution, physician, administrator and clerk on first use, books a visit when none is open, prints the three
 * links and the credentials. Must not run beside a gateway on the same database (exit 1 says so). */
int demo_clinic_cli(int argc, char **argv);

#endif
