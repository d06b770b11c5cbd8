/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which sources name a disk of another host, and what a libvirt connection makes of the paths of its disks. */
#include "common/ssh-source.h"

#include "tests/expect.h"

static void
test_parse(void)
{
    static const struct {
        const char *source;
        const char *destination; /* NULL: it is refused */
        const char *port;
        const char *path;
    } cases[] = {
        { "ssh://xen1/a", "xen1", "", "/a" },
        { "ssh://root@xen1.example.com/dev/vg/web51", "root@xen1.example.com", "", "/dev/vg/web51" },
        { "ssh://root@xen1:2222/a", "root@xen1", "2222", "/a" },
        { "ssh://[::1]/a", "::1", "", "/a" },
        { "ssh://root@[fe80::1%eth0]:22/a", "root@fe80::1%eth0", "22", "/a" },
        { "ssh://a.b_c-d+e@h_1/a", "a.b_c-d+e@h_1", "", "/a" },
        /* All that follows is the path, as it stands. */
        { "ssh://xen1/a b%20c?d#e'\"$(reboot)`\n\xff\\", "xen1", "", "/a b%20c?d#e'\"$(reboot)`\n\xff\\" },
        { "ssh://xen1/-a", "xen1", "", "/-a" },
        { "ssh://xen1//a", "xen1", "", "//a" },
        { "ssh://xen1/a@b:c/d", "xen1", "", "/a@b:c/d" },
        { "ssh://", NULL, NULL, NULL },
        { "ssh:///a", NULL, NULL, NULL },
        { "ssh://xen1", NULL, NULL, NULL },
        { "ssh://xen1/", NULL, NULL, NULL },
        { "ssh://@xen1/a", NULL, NULL, NULL },
        { "ssh://xen1:/a", NULL, NULL, NULL },
        { "ssh://xen1:x/a", NULL, NULL, NULL },
        { "ssh://xen1:123456/a", NULL, NULL, NULL },
        { "ssh://xen1:22:22/a", NULL, NULL, NULL },
        { "ssh://::1/a", NULL, NULL, NULL },
        { "ssh://[::1/a", NULL, NULL, NULL },
        { "ssh://[xen1]/a", NULL, NULL, NULL },
        { "ssh://[::1]x/a", NULL, NULL, NULL },
        { "ssh://root:secret@xen1/a", NULL, NULL, NULL },
        { "ssh://a@b@xen1/a", NULL, NULL, NULL },
        { "ssh://xen 1/a", NULL, NULL, NULL },
        { "ssh://xen1\n/a", NULL, NULL, NULL },
        { "ssh://xen\xff/a", NULL, NULL, NULL },
        /* Options of ssh, and what a ProxyCommand would pass to a shell. */
        { "ssh://-oProxyCommand=reboot/a", NULL, NULL, NULL },
        { "ssh://-p/a", NULL, NULL, NULL },
        { "ssh://-v@xen1/a", NULL, NULL, NULL },
        { "ssh://$(reboot)/a", NULL, NULL, NULL },
        { "ssh://`reboot`@xen1/a", NULL, NULL, NULL },
        { "ssh://xen1;reboot/a", NULL, NULL, NULL },
        { "ssh://[::1%-oX]/a", "::1%-oX", "", "/a" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(XpvSshSource) source = xpv_ssh_source_parse(cases[i].source, &error);
        expect(cases[i].source, source ? source->destination : NULL, cases[i].destination);
        expect(cases[i].source, source ? source->port : NULL, cases[i].port);
        expect(cases[i].source, source ? source->path : NULL, cases[i].path);
        expect_true(cases[i].source, (error != NULL) == (source == NULL), "either a source or an error");
    }
}

static void
test_prefix(void)
{
    static const char form[] =
        "it is not ssh://USER@HOST:PORT/PATH, whose user and host have only letters, digits, “.”, "
        "“_”, “+” and “-”";
    static const struct {
        const char *uri;
        const char *prefix; /* NULL: it is refused */
        const char *sentence;
    } cases[] = {
        { "xen+ssh://xen1/", "ssh://xen1", NULL },
        { "xen+ssh://root@xen1.example.com/system", "ssh://root@xen1.example.com", NULL },
        { "xen+ssh://root@xen1:2222/", "ssh://root@xen1:2222", NULL },
        { "xen+ssh://root@[::1]/", "ssh://root@[::1]", NULL },
        { "xen+ssh://root@xen1", "ssh://root@xen1", NULL },
        { "test+ssh://xen1/default", "ssh://xen1", NULL },
        /* What is for libvirt alone. */
        { "xen+ssh://xen1/?proxy=netcat&netcat=nc&socket=/s&mode=direct&no_tty=1&name=xen:///", "ssh://xen1", NULL },
        { "xen+ssh://xen1/?keyfile=/etc/key", NULL, "the URI has “keyfile=”; set that in ssh_config(5) instead" },
        { "xen+ssh://xen1/?proxy=netcat&no_verify=1", NULL,
          "the URI has “no_verify=”; set that in ssh_config(5) instead" },
        { "xen+ssh://xen1/?command=/bin/ssh", NULL, "the URI has “command=”; set that in ssh_config(5) instead" },
        { "xen+ssh://xen1/?%6beyfile=/etc/key", NULL, "the URI has “keyfile=”; set that in ssh_config(5) instead" },
        { "xen:///system", "", NULL },
        { "xen+unix:///system", "", NULL },
        { "xen+ssh:///system", "", NULL },
        { "xen", "", NULL },
        { "xen+tls://xen1/", NULL, "the transport is not ssh" },
        { "xen+libssh2://xen1/", NULL, "the transport is not ssh" },
        { "xen://xen1/", NULL, "the transport is not ssh" },
        { "xen+ssh://root:secret@xen1/", NULL, form },
        { "xen+ssh://-oProxyCommand=reboot/", NULL, form },
        { "xen+ssh://%2doProxyCommand=reboot/", NULL, form },
        { "xen+ssh://%2dv@xen1/", NULL, form },
        { "xen+ssh://xen1%2fx/", NULL, "the user or the host has a slash" },
        { "xen+ssh://a%2fb@xen1/", NULL, "the user or the host has a slash" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *prefix = xpv_ssh_source_prefix(cases[i].uri, &error);
        expect(cases[i].uri, prefix, cases[i].prefix);
        expect(cases[i].uri, error ? error->message : NULL, cases[i].sentence);
    }
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ssh-source/parse", test_parse);
    g_test_add_func("/ssh-source/prefix", test_prefix);
    return g_test_run();
}
