# SPDX-License-Identifier: LGPL-2.1-or-later
# The boot sector of a fully virtualized guest that has no operating system. It says through Xen's debug port, and so on
# Xen's console, that it is there, halts, and reboots when a key is pressed.
    .code16
    xorw %ax, %ax
    movw %ax, %ds
    movw $0x7c00 + text, %si
    cld
next:
    lodsb
    outb %al, $0xe9
    testb %al, %al
    jnz next
    sti
    int $0x16              # BIOS: waits for a key
    movb $0xfe, %al
    outb %al, $0x64        # the keyboard controller's reset
wait:
    hlt
    jmp wait
text:
    .asciz "waits for a key\n"
    .org 510
    .word 0xaa55
    .org 1048576           # what a disk has at least
