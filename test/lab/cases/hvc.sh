# The virtio console as the only console
vm 60 vm "${CLOUD[@]}" --console hvc --append 'quiet console=hvc0 mote.init=facts'
expect_fact 'console hvc0'
expect_passed facts
expect_end 'powered off'
