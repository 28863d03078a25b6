# Boot loaders' configurations other than GRUB's (boot_grub.sh), in the form in which the distributions' own tools write
# them, and the entries that should come of each (boot_disks.sh). Sourced by run.sh.
# shellcheck shell=bash

# What the systems here are, and where a loader of theirs is told to find the root.
root=UUID=${uuid[root]} root_flags=''
machine=0123456789abcdef0123456789abcdef

# Fills in what differs: @VERSION@ and the like.
filled() { # filled [NAME=VALUE...]
	local word script=()
	for word in "$@" "PREFIX=$prefix" "ROOT=$root" "ROOT_UUID=${uuid[root]}" "BOOT_UUID=${uuid[$boot_on]}" \
		"FLAGS=${root_flags:+$root_flags }" "MACHINE=$machine" "ESP=${uuid[esp]}"; do
		script+=(-e "s|@${word%%=*}@|${word#*=}|g")
	done
	sed "${script[@]}"
}

# kernel-install's files for systemd-boot: an entry beside its kernel, in a folder of the machine's.
kernel_install() { # kernel_install FS VERSION [TRIES]
	local fs=$1 version=$2
	mkdir -p "$fs/loader/entries" "$fs/$machine/$version"
	kernel "$version" >"$fs/$machine/$version/linux"
	drivers_in "$version" | initrd >"$fs/$machine/$version/initrd.img-$version"
	filled VERSION="$version" >"$fs/loader/entries/$machine-$version${3-}.conf" <<-'END'
		# Boot Loader Specification type#1 entry
		# File created by /usr/lib/kernel/install.d/90-loaderentry.install
		title      Debian GNU/Linux 13 (trixie)
		version    @VERSION@
		machine-id @MACHINE@
		sort-key   debian
		options    root=@ROOT@ ro quiet systemd.machine_id=@MACHINE@
		linux      /@MACHINE@/@VERSION@/linux
		initrd     /@MACHINE@/@VERSION@/initrd.img-@VERSION@
	END
}
kernel_installed() { # kernel_installed FS VERSION [TRIES]: the entry that it is
	entry 'Debian GNU/Linux 13 (trixie)' "$2" "/$machine/$2/linux on $1" "/$machine/$2/initrd.img-$2 on $1" \
		"root=$root ro quiet systemd.machine_id=$machine" "/loader/entries/$machine-$2${3-}.conf on $1"
}

# u-boot-update's file.
u_boot_menu() { # u_boot_menu VERSION...
	local number=0 version
	mkdir -p "$boot/extlinux"
	{
		cat <<-'END'
			## /boot/extlinux/extlinux.conf
			##
			## Generated: not to be edited, but made anew by u-boot-update

			default l0
			menu title U-Boot menu
			prompt 0
			timeout 50

		END
		for version; do
			filled N=$((number++)) VERSION="$version" <<-'END'

				label l@N@
					menu label Debian GNU/Linux 12 (bookworm) @VERSION@
					linux @PREFIX@/vmlinuz-@VERSION@
					initrd @PREFIX@/initrd.img-@VERSION@
					fdtdir /usr/lib/linux-image-@VERSION@/

					append root=@ROOT@ ro quiet

				label l@N@r
					menu label Debian GNU/Linux 12 (bookworm) @VERSION@ (rescue target)
					linux @PREFIX@/vmlinuz-@VERSION@
					initrd @PREFIX@/initrd.img-@VERSION@
					fdtdir /usr/lib/linux-image-@VERSION@/
					append root=@ROOT@ ro single

			END
		done
	} >"$boot/extlinux/extlinux.conf"
	origin="$prefix/extlinux/extlinux.conf on $boot_on"
	for version; do
		entry "Debian GNU/Linux 12 (bookworm) $version" "$version" "$prefix/vmlinuz-$version on $boot_on" \
			"$prefix/initrd.img-$version on $boot_on" "root=$root ro quiet"
		entry "Debian GNU/Linux 12 (bookworm) $version (rescue target)" "$version" \
			"$prefix/vmlinuz-$version on $boot_on" "$prefix/initrd.img-$version on $boot_on" "root=$root ro single"
	done
}

# What extlinux-update wrote: a menu's looks and the entries are files of their own.
extlinux_update() { # extlinux_update VERSION...
	local number=0 version title
	mkdir -p "$boot/extlinux/themes/debian"
	cat >"$boot/extlinux/extlinux.conf" <<-'END'
		## Generated: not to be edited, but made anew by extlinux-update
		default l0
		prompt 0
		timeout 50

		include themes/debian/theme.cfg
	END
	printf 'ui vesamenu.c32\nmenu background splash.png\nmenu title Debian\ninclude /%s/extlinux/linux.cfg\n' "${prefix#/}" |
		sed 's|//|/|' >"$boot/extlinux/themes/debian/theme.cfg"
	for version; do
		filled N=$((number++)) VERSION="$version" <<-'END'

			label l@N@
				menu label Debian GNU/Linux, kernel @VERSION@
				linux @PREFIX@/vmlinuz-@VERSION@
				append initrd=@PREFIX@/initrd.img-@VERSION@ root=@ROOT@ ro quiet
			label l@N@r
				menu label Debian GNU/Linux, kernel @VERSION@ (recovery mode)
				linux @PREFIX@/vmlinuz-@VERSION@
				append initrd=@PREFIX@/initrd.img-@VERSION@ root=@ROOT@ ro single
				text help
			   This option boots the system into recovery mode (single-user)
				endtext
		END
	done >"$boot/extlinux/linux.cfg"
	origin="$prefix/extlinux/extlinux.conf on $boot_on"
	for version; do
		title="Debian GNU/Linux, kernel $version"
		entry "$title" "$version" "$prefix/vmlinuz-$version on $boot_on" "$prefix/initrd.img-$version on $boot_on" \
			"root=$root ro quiet"
		entry "$title (recovery mode)" "$version" "$prefix/vmlinuz-$version on $boot_on" \
			"$prefix/initrd.img-$version on $boot_on" "root=$root ro single"
	done
}
