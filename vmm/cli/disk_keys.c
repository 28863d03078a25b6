#include "vmm/cli/disk_keys.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "vmm/cli/size.h"

static int set_serial(void *target, char *value)
{
	struct mote_disk *disk = target;

	disk->serial = value;
	return 0;
}

static int set_format(void *target, char *value)
{
	struct mote_disk *disk = target;
	static const struct option_choice formats[] = {
		{ "auto", MOTE_FORMAT_AUTO },
		{ "raw", MOTE_FORMAT_RAW },
		{ "qcow2", MOTE_FORMAT_QCOW2 },
		{ NULL, 0 },
	};
	int chosen, rc = option_choose(formats, value, &chosen);

	if (rc == 0)
		disk->format = (enum mote_format)chosen;
	return rc;
}

/* A file that is called "temp" can be given as "./temp". */
static int set_overlay(void *target, char *value)
{
	struct mote_disk *disk = target;
	bool temporary = strcmp(value, "temp") == 0;

	disk->overlay = temporary ? MOTE_OVERLAY_TEMPORARY : MOTE_OVERLAY_KEEP;
	disk->overlay_path = temporary ? NULL : value;
	return 0;
}

static int set_snapshot_size(void *target, char *value)
{
	struct mote_disk *disk = target;
	int rc = size_parse(value, &disk->snapshot_bytes);

	/* Zero would mean "choose for me" to libmote, which leaving the option out says better; so it does below. */
	return rc == 0 && disk->snapshot_bytes == 0 ? -ERANGE : rc;
}

static int set_cache(void *target, char *value)
{
	struct mote_disk *disk = target;
	static const struct option_choice caches[] = {
		{ "auto", MOTE_CACHE_AUTO },
		{ "direct", MOTE_CACHE_DIRECT },
		{ "writeback", MOTE_CACHE_WRITEBACK },
		{ NULL, 0 },
	};
	int chosen, rc = option_choose(caches, value, &chosen);

	if (rc == 0)
		disk->cache = (enum mote_cache)chosen;
	return rc;
}

static int set_engine(void *target, char *value)
{
	struct mote_disk *disk = target;
	static const struct option_choice engines[] = {
		{ "auto", MOTE_ENGINE_AUTO },
		{ "io_uring", MOTE_ENGINE_IO_URING },
		{ "aio", MOTE_ENGINE_AIO },
		{ "thread", MOTE_ENGINE_THREAD },
		{ NULL, 0 },
	};
	int chosen, rc = option_choose(engines, value, &chosen);

	if (rc == 0)
		disk->engine = (enum mote_engine)chosen;
	return rc;
}

static int set_queues(void *target, char *value)
{
	struct mote_disk *disk = target;
	int rc = count_parse(value, &disk->queues);

	return rc == 0 && disk->queues == 0 ? -ERANGE : rc;
}

static int set_block(void *target, char *value)
{
	struct mote_disk *disk = target;
	static const struct option_choice blocks[] = { { "512", 512 }, { "4096", 4096 }, { NULL, 0 } };
	int chosen, rc = option_choose(blocks, value, &chosen);

	if (rc == 0)
		disk->block_bytes = (unsigned int)chosen;
	return rc;
}

static int set_bandwidth(void *target, char *value)
{
	struct mote_disk *disk = target;

	return option_parse_rate(value, size_parse, &disk->bandwidth_bytes, &disk->bandwidth_burst_bytes);
}

static int set_iops(void *target, char *value)
{
	struct mote_disk *disk = target;
	uint64_t rate, burst;
	int rc = option_parse_rate(value, option_parse_count, &rate, &burst);

	if (rc == 0) {
		disk->iops = (unsigned int)rate;
		disk->iops_burst = (unsigned int)burst;
	}
	return rc;
}

static int set_error(void *target, char *value)
{
	struct mote_disk *disk = target;
	static const struct option_choice policies[] = {
		{ "report", MOTE_ERROR_REPORT },
		{ "pause", MOTE_ERROR_PAUSE },
		{ NULL, 0 },
	};
	int chosen, rc = option_choose(policies, value, &chosen);

	if (rc == 0)
		disk->error = (enum mote_error_policy)chosen;
	return rc;
}

static int set_poll(void *target, char *value)
{
	struct mote_disk *disk = target;
	static const struct option_choice words[] = { { "auto", 0 }, { "off", MOTE_POLL_OFF }, { NULL, 0 } };
	unsigned int microseconds;
	int rc;

	if (option_choose(words, value, &disk->poll_us) == 0)
		return 0;
	rc = count_parse(value, &microseconds);
	if (rc < 0)
		return rc;
	if (microseconds == 0 || microseconds > MOTE_MAX_POLL_US)
		return -ERANGE;
	disk->poll_us = (int)microseconds;
	return 0;
}

static int set_discard(void *target, char *value)
{
	struct mote_disk *disk = target;
	static const struct option_choice switches[] = { { "on", 1 }, { "off", 0 }, { NULL, 0 } };
	int chosen, rc = option_choose(switches, value, &chosen);

	if (rc == 0)
		disk->no_discard = chosen == 0;
	return rc;
}

static int set_read_only(void *target, char *value)
{
	struct mote_disk *disk = target;

	(void)value;
	disk->read_only = true;
	return 0;
}

static int set_snapshot(void *target, char *value)
{
	struct mote_disk *disk = target;

	(void)value;
	disk->snapshot = true;
	return 0;
}

const struct option_key disk_keys[] = {
	{ "ro", set_read_only, NULL },
	{ "snapshot", set_snapshot, NULL },
	{ "serial", set_serial, "1 to 20 printable characters" },
	{ "format", set_format, "auto, raw or qcow2" },
	{ "overlay", set_overlay, "temp, or a file's path" },
	{ "snapshot-size", set_snapshot_size, "a size such as 2G" },
	{ "cache", set_cache, "auto, direct or writeback" },
	{ "engine", set_engine, "auto, io_uring, aio or thread" },
	{ "queues", set_queues, "a count from 1 on" },
	{ "block", set_block, "512 or 4096" },
	{ "bandwidth", set_bandwidth, "bytes a second from 1 on and, after a colon, a burst: 50M or 50M:200M" },
	{ "iops", set_iops, "operations a second from 1 on and, after a colon, a burst: 1000 or 1000:4000" },
	{ "error", set_error, "report or pause" },
	{ "poll", set_poll, "auto, off, or 1 to 10000 microseconds" },
	{ "discard", set_discard, "on or off" },
	{ NULL, NULL, NULL },
};
