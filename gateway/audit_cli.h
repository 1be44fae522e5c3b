/* `tsunagi audit …`: the log from outside. Thread: main. Works beside a running gateway and writes nothing to its
 * database.
 *
 *   audit verify  (--config FILE | --database FILE --vkey KEY | --export FILE --vkey KEY | --proof FILE --vkey KEY)
 *                 [--checkpoint FILE] [--earlier FILE] [--witness KEY]… [--quorum N] [--opened FILE] [--strict] [--json]
 *   audit export  FILE          (--config FILE | --database FILE --vkey KEY) [--checkpoint FILE]
 *   audit proof   CONSULTATION  (--config FILE | --database FILE --vkey KEY) [--checkpoint FILE] [--output FILE]
 *
 * KEY is the text of a verifier key, or @FILE. Without --checkpoint it is the one the signer published (--config), else
 * the newest the database has. --opened names a file of lines {"name":…,"r":base64,"seq":…,"value":text}: values handed
 * over by the clinic, checked against their commitments.
 * Exit status of verify: that of enum verifier_status. Of the others: 0 written, 1 the log does not match its
 * checkpoint, 2 not there or not to be read or written, 4 usage. */
#ifndef GATEWAY_AUDIT_CLI_H
#define GATEWAY_AUDIT_CLI_H

/* argv[0] is the word "audit". */
int audit_cli(int argc, char **argv);

#endif
