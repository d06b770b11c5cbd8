# SPDX-License-Identifier: LGPL-2.1-or-later
# The boot sector of a fully virtualized guest without an operating system. If it has a serial port, it prints the first
# lines of a RHEL 3 kernel there. It prints through Xen's debug port, which Xen's console shows, that it waits; then it
# halts, and reboots when a key is pressed.
    .code16
    xorw %ax, %ax
    movw %ax, %ds
    cld
    movw $0x7c00 + kernel, %si
next_serial:
    lodsb
    movb %al, %ah
    testb %al, %al
    jz debug_port
busy:
    movw $0x3fd, %dx       # line status; all ones if there is no port
    inb %dx, %al
    testb $0x20, %al
    jz busy
    movb %ah, %al
    movw $0x3f8, %dx
    outb %al, %dx
    jmp next_serial
debug_port:
    movw $0x7c00 + text, %si
next:
    lodsb
    outb %al, $0xe9
    testb %al, %al
    jnz next
    sti
    int $0x16              # the BIOS waits for a key
    movb $0xfe, %al
    outb %al, $0x64        # the keyboard controller's reset
wait:
    hlt
    jmp wait
kernel:
    .ascii "Bootdata ok (command line is ro root=LABEL=/ console=ttyS0)\r\n"
    .ascii "Linux version 2.4.21-50.EL (brewbuilder@build.redhat.com) (gcc version 3.2.3 20030502 "
    .asciz "(Red Hat Linux 3.2.3-58)) #1 SMP Tue May 8 17:10:31 EDT 2007\r\n"
text:
    .asciz "waits for a key\n"
    .org 510
    .word 0xaa55
    .org 1048576           # the least size of a disk
