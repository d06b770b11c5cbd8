/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vendor of the host's processor, from libvirt's capabilities. */
#include "common/capabilities.h"

#include "tests/expect.h"

#define HOST(cpu) "<capabilities>\n  <host>\n    <cpu>" cpu "</cpu>\n  </host>\n</capabilities>\n"

static void
test_vendor(void)
{
    static const struct {
        const char *text, *vendor;
    } cases[] = {
        /* Current libvirt's form. */
        { HOST("<arch>x86_64</arch><model>EPYC</model><vendor>AMD</vendor><feature name='vmx'/>"), "AMD" },
        { HOST("<arch>x86_64</arch><vendor>\n Intel </vendor>"), "Intel" },
        /* The form of RHEL 5's libvirt. */
        { HOST("<arch>x86_64</arch><features><pae/><vmx/></features>"), "Intel" },
        { HOST("<arch>i686</arch>\n<features>\n<svm/>\n</features>"), "AMD" },
        { HOST("<arch>x86_64</arch><features><pae/></features>"), NULL },
        /* An explicit vendor wins. */
        { HOST("<vendor>AMD</vendor><features><vmx/></features>"), "AMD" },
        /* From libxl, without a vendor. */
        { HOST("<arch>x86_64</arch>"), NULL },
        { "<capabilities><guest><cpu><vendor>AMD</vendor></cpu></guest></capabilities>", NULL },
        { "<capabilities><host/></capabilities>", NULL },
        { "<capabilities/>", NULL },
        { "<capabilities><host>", NULL },
        { "", NULL },
        { "<!DOCTYPE c [<!ENTITY a 'AMD'>]><c><host><cpu><vendor>&a;</vendor></cpu></host></c>", NULL },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *vendor = xpv_capabilities_vendor(cases[i].text);
        expect(cases[i].text, vendor ? vendor : "-", cases[i].vendor ? cases[i].vendor : "-");
    }
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/capabilities/vendor", test_vendor);
    return g_test_run();
}
