/* The verb `duty` alone, so that its tests need no other room. */
#include "gateway/duty_cli.h"

int main(int argc, char **argv)
{
    return duty_cli(argc - 1, argv + 1);
}
