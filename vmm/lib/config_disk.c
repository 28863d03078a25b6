#include "vmm/lib/config_disk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/log.h"
#include "vmm/host/lvm_name.h"
#include "vmm/lib/config_rate.h"

#define LVM_PREFIX "lvm:"

static const enum block_cache caches[] = {
	[MOTE_CACHE_AUTO] = BLOCK_CACHE_AUTO,
	[MOTE_CACHE_DIRECT] = BLOCK_CACHE_DIRECT,
	[MOTE_CACHE_WRITEBACK] = BLOCK_CACHE_WRITEBACK,
};

static const enum loop_engine engines[] = {
	[MOTE_ENGINE_AUTO] = LOOP_ENGINE_AUTO,
	[MOTE_ENGINE_IO_URING] = LOOP_ENGINE_URING,
	[MOTE_ENGINE_AIO] = LOOP_ENGINE_AIO,
	[MOTE_ENGINE_THREAD] = LOOP_ENGINE_THREAD,
};

static const enum block_format formats[] = {
	[MOTE_FORMAT_AUTO] = BLOCK_FORMAT_AUTO,
	[MOTE_FORMAT_RAW] = BLOCK_FORMAT_RAW,
	[MOTE_FORMAT_QCOW2] = BLOCK_FORMAT_QCOW2,
};

static const enum block_overlay overlays[] = {
	[MOTE_OVERLAY_NONE] = BLOCK_OVERLAY_NONE,
	[MOTE_OVERLAY_TEMPORARY] = BLOCK_OVERLAY_TEMPORARY,
	[MOTE_OVERLAY_KEEP] = BLOCK_OVERLAY_KEEP,
};

/* A value of one of mote.h's enums. */
static int check_choice(const char *path, const char *what, int value, size_t nr, const char *there_are)
{
	if (value >= 0 && (size_t)value < nr)
		return 0;
	log_error("disk %s: %s %d does not exist: there are %s", path, what, value, there_are);
	return -EINVAL;
}

static int check_choices(const struct mote_disk *disk)
{
	const struct {
		const char *what;
		int value;
		size_t nr;
		const char *there_are;
	} choices[] = {
		{ "cache mode", (int)disk->cache, sizeof(caches) / sizeof(caches[0]), "auto, direct and writeback" },
		{ "engine", (int)disk->engine, sizeof(engines) / sizeof(engines[0]), "auto, io_uring, aio and thread" },
		{ "format", (int)disk->format, sizeof(formats) / sizeof(formats[0]), "auto, raw and qcow2" },
		{ "overlay", (int)disk->overlay, sizeof(overlays) / sizeof(overlays[0]),
		  "none, a temporary one and one that is kept" },
		{ "error policy", (int)disk->error, MOTE_ERROR_PAUSE + 1, "report and pause" },
	};

	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		int rc = check_choice(disk->path, choices[i].what, choices[i].value, choices[i].nr,
				      choices[i].there_are);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int check_serial(const struct mote_disk *disk, struct machine_disk *out)
{
	size_t len;

	out->serial[0] = '\0';
	if (!disk->serial)
		return 0;
	len = strlen(disk->serial);
	if (len < 1 || len > MACHINE_SERIAL_BYTES) {
		log_error("disk %s: the serial number '%.80s' has %zu bytes: 1 to %d are possible", disk->path,
			  disk->serial, len, MACHINE_SERIAL_BYTES);
		return -EINVAL;
	}
	for (size_t i = 0; i < len; i++) {
		if (disk->serial[i] <= ' ' || disk->serial[i] > '~') {
			log_error("disk %s: byte %zu of the serial number is not a printable ASCII character other "
				  "than a space",
				  disk->path, i + 1);
			return -EINVAL;
		}
	}
	memcpy(out->serial, disk->serial, len + 1);
	return 0;
}

/* Where the disk is: a path, or a logical volume, perhaps by way of a snapshot. */
static int check_place(const struct mote_disk *disk, struct machine_disk *out)
{
	bool is_lvm = strncmp(disk->path, LVM_PREFIX, strlen(LVM_PREFIX)) == 0;
	const char *name = disk->path + strlen(LVM_PREFIX);

	if (!is_lvm && (disk->snapshot || disk->snapshot_bytes > 0)) {
		log_error("disk %s: snapshots are made of logical volumes: name one as lvm:VG/LV, or use overlay=",
			  disk->path);
		return -EINVAL;
	}
	if (disk->snapshot_bytes > 0 && !disk->snapshot) {
		log_error("disk %s: snapshot-size= is of no use without snapshot", disk->path);
		return -EINVAL;
	}
	if (!is_lvm) {
		out->block.path = disk->path;
		return 0;
	}
	if (!lvm_name_is_permitted(name)) {
		log_error("disk %.300s names no logical volume: write lvm:VG/LV, with the names that lvs(8) shows",
			  disk->path);
		return -EINVAL;
	}
	out->lvm_name = name;
	out->snapshot = disk->snapshot;
	out->snapshot_bytes = disk->snapshot_bytes;
	return 0;
}

static int check_overlay(const struct mote_disk *disk)
{
	bool kept = disk->overlay == MOTE_OVERLAY_KEEP;

	if (kept != (disk->overlay_path != NULL) || (kept && disk->overlay_path[0] == '\0')) {
		log_error("disk %s: %s", disk->path,
			  kept ? "the overlay that is to be kept has no path"
			       : "an overlay has a path only if it is kept");
		return -EINVAL;
	}
	if (disk->overlay == MOTE_OVERLAY_TEMPORARY && disk->read_only) {
		log_error("disk %s: ro and overlay=temp exclude each other: nothing would be written to the overlay",
			  disk->path);
		return -EINVAL;
	}
	if (kept && disk->snapshot) {
		log_error("disk %s: the overlay %s would outlive the snapshot below it: use overlay= or snapshot",
			  disk->path, disk->overlay_path);
		return -EINVAL;
	}
	return 0;
}

static int check_numbers(const struct mote_disk *disk, struct machine_disk *out)
{
	char owner[512];
	int rc;

	if (disk->queues > CONFIG_MAX_QUEUES) {
		log_error("disk %s: %u queues are too many: at most %d are possible", disk->path, disk->queues,
			  CONFIG_MAX_QUEUES);
		return -EINVAL;
	}
	if (disk->block_bytes != 0 && disk->block_bytes != 512 && disk->block_bytes != 4096) {
		log_error("disk %s: blocks of %u bytes are not possible: there are 512 and 4096", disk->path,
			  disk->block_bytes);
		return -EINVAL;
	}
	if (disk->poll_us < MOTE_POLL_OFF || disk->poll_us > MOTE_MAX_POLL_US) {
		log_error("disk %s: polling for %d microseconds is not possible: ask for 1 to %d, auto or off",
			  disk->path, disk->poll_us, MOTE_MAX_POLL_US);
		return -EINVAL;
	}
	snprintf(owner, sizeof(owner), "disk %s", disk->path);
	rc = config_rate_build(owner, "bandwidth", "bytes", disk->bandwidth_bytes, disk->bandwidth_burst_bytes,
			       &out->limits.bytes);
	if (rc < 0)
		return rc;
	return config_rate_build(owner, "iops", "operations", disk->iops, disk->iops_burst, &out->limits.operations);
}

static unsigned int default_queues(unsigned int nr_cpus)
{
	return nr_cpus < CONFIG_DEFAULT_MAX_QUEUES ? nr_cpus : CONFIG_DEFAULT_MAX_QUEUES;
}

/* The inner polling time: mote.h's zero, which a program that knows nothing of it sets, is the adaptive one. */
static int inner_poll_us(int poll_us)
{
	if (poll_us == MOTE_POLL_OFF)
		return 0;
	return poll_us == 0 ? -1 : poll_us;
}

int config_disk_build(const struct mote_config *config, unsigned int index, struct machine_disk *out)
{
	const struct mote_disk *disk = &config->disks[index];
	int rc;

	if (!disk->path || disk->path[0] == '\0') {
		log_error("disk %u has no path: name an image file, a block device, or a logical volume as lvm:VG/LV",
			  index);
		return -EINVAL;
	}
	rc = check_choices(disk);
	if (rc == 0)
		rc = check_numbers(disk, out);
	if (rc == 0)
		rc = check_place(disk, out);
	if (rc == 0)
		rc = check_overlay(disk);
	if (rc == 0)
		rc = check_serial(disk, out);
	if (rc < 0)
		return rc;
	out->block.read_only = disk->read_only;
	out->block.cache = caches[disk->cache];
	out->block.discard = !disk->no_discard;
	out->block.format = formats[disk->format];
	out->block.overlay = overlays[disk->overlay];
	out->block.overlay_path = disk->overlay_path;
	out->block.logical_block_bytes = disk->block_bytes;
	out->pause_on_error = disk->error == MOTE_ERROR_PAUSE;
	out->poll_us = inner_poll_us(disk->poll_us);
	out->engine = engines[disk->engine];
	out->nr_queues = disk->queues > 0 ? disk->queues : default_queues(config->cpus);
	return 0;
}
