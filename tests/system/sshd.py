# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real sshd on 127.0.0.1, and an ssh that reaches it as "xenhost", each with keys and files of its own.

Commands are run there by sh -c, with a PATH that has what the test puts there alone.
"""
import os
import socket
import subprocess
import threading

import harness


def write_program(folder, name, script):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n" + script)
    os.chmod(path, 0o755)
    return path


class Sshd:
    """Ends with the test. `path` is where commands are looked for; `ssh` is the command line of the client."""

    def __init__(self, test, folder, shell="/bin/sh"):
        self.folder, self.shell = folder, shell
        self.path = os.path.join(folder, "remote-bin")
        self.sessions = []
        os.mkdir(self.path)
        for key in ("host_key", "user_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(folder, key)], check=True)
        self.start(test)
        self.ssh = f"/usr/bin/ssh -F {self.configure_client()}"

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def start(self, test):
        """Starts an sshd for each connection, as ssh.socket does, so the test need not wait until one listens."""
        if os.getuid() == 0:
            os.makedirs("/run/sshd", 0o755, exist_ok=True)  # ssh's unit makes it otherwise
        config = self.write("sshd_config", f"""AuthorizedKeysFile {self.folder}/user_key.pub
            ForceCommand exec /usr/bin/env -i PATH={self.path} {self.shell} -c "$SSH_ORIGINAL_COMMAND"
            HostKey {self.folder}/host_key
            PermitRootLogin yes
            SetEnv HOME={self.folder}
            StrictModes no
            UsePAM no
            """)
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]

        def serve():
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                self.sessions.append(subprocess.Popen(["/usr/sbin/sshd", "-i", "-e", "-f", config], stdin=connection,
                                                      stdout=connection, stderr=subprocess.DEVNULL,
                                                      start_new_session=True))
                connection.close()
        thread = threading.Thread(target=serve)
        thread.start()
        test.addCleanup(lambda: [session.wait(harness.TIMEOUT) for session in self.sessions])
        test.addCleanup(listener.close)
        test.addCleanup(thread.join)
        test.addCleanup(listener.shutdown, socket.SHUT_RDWR)

    def configure_client(self):
        """Returns: a configuration. ssh would look for it in the home that /etc/passwd names, not in HOME."""
        with open(os.path.join(self.folder, "host_key.pub"), encoding="ascii") as file:
            self.write("known_hosts", "xenhost " + file.read())
        return self.write("ssh_config", f"""Host xenhost
                HostName 127.0.0.1
                Port {self.port}
            Host *
                BatchMode yes
                GlobalKnownHostsFile /dev/null
                HostKeyAlias xenhost
                IdentitiesOnly yes
                IdentityAgent none
                IdentityFile {self.folder}/user_key
                UserKnownHostsFile {self.folder}/known_hosts
            """)
