/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenpv-compatctl: asks xenpv-compatd, or judges by itself. */
#include "ctl/ctl.h"

int
main(int argc, char **argv)
{
    return xpv_ctl_run(argv);
}
