#!/usr/bin/python3
"""held-vm.py - makes a VM with one vCPU that never runs, says "held", and keeps it until it is killed.

For lab hosts with several CPUs. With the first VM and vCPU of a host KVM patches jump labels in the kernel's own code, and
with the last ones it patches them back. TCG before QEMU 8.1 can translate code that another CPU is changing and miss the
change: such a host then takes the patch's breakpoint for ever, and stands still. While this VM is there, nothing is
patched when others come and go.
"""
import fcntl
import os
import signal

KVM_CREATE_VM, KVM_CREATE_IRQCHIP, KVM_CREATE_VCPU = 0xAE01, 0xAE60, 0xAE41

vm = fcntl.ioctl(os.open("/dev/kvm", os.O_RDWR), KVM_CREATE_VM, 0)
fcntl.ioctl(vm, KVM_CREATE_IRQCHIP, 0)
# Its local APIC is never enabled by software, which is another thing that KVM keeps a label for.
vcpu = fcntl.ioctl(vm, KVM_CREATE_VCPU, 0)
print("held", flush=True)
signal.pause()
