#include "test/unit/virtio_fake_net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct fake_net *fake_of(struct net_backend *backend)
{
	return (struct fake_net *)backend;
}

static int fake_attach(struct net_backend *backend)
{
	(void)backend;
	return 0;
}

static void fake_detach(struct net_backend *backend)
{
	for (unsigned int i = 0; i < backend->nr_pairs; i++)
		if (fake_of(backend)->pairs[i].active)
			abort(); /* a device left it running */
}

static int fake_set_offloads(struct net_backend *backend, unsigned int offloads)
{
	struct fake_net *fake = fake_of(backend);

	if (offloads & ~backend->rx_offloads)
		abort();
	if (fake->offloads_rc < 0)
		return fake->offloads_rc;
	fake->offloads = offloads;
	return 0;
}

static int fake_set_active(struct net_backend *backend, unsigned int pair, bool active)
{
	struct fake_net *fake = fake_of(backend);

	if (active && pair > 0 && fake->active_rc < 0)
		return fake->active_rc;
	fake->pairs[pair].active = active;
	fake->pairs[pair].reading = false;
	fake->pairs[pair].owes_writable = false;
	return 0;
}

static void fake_flush(struct net_backend *backend, unsigned int index)
{
	struct fake_net_pair *pair = &fake_of(backend)->pairs[index];

	pair->nr_flushes++;
	while (pair->in_at < pair->in_end)
		free(pair->in[pair->in_at++].bytes);
}

static void fake_set_reading(struct net_backend *backend, unsigned int pair, bool on)
{
	fake_of(backend)->pairs[pair].reading = on;
}

static int fake_receive(struct net_backend *backend, unsigned int index, const struct iovec *iov, unsigned int nr_iov)
{
	struct fake_net_pair *pair = &fake_of(backend)->pairs[index];
	struct fake_frame frame;
	uint32_t at = 0;

	pair->nr_receives++;
	pair->nr_iov_in = nr_iov;
	if (!pair->active)
		abort();
	if (pair->in_at == pair->in_end)
		return -EAGAIN;
	frame = pair->in[pair->in_at++];
	for (unsigned int i = 0; i < nr_iov && at < frame.nr_bytes; i++) {
		uint32_t len = frame.nr_bytes - at;

		if (iov[i].iov_len < len)
			len = (uint32_t)iov[i].iov_len;
		memcpy(iov[i].iov_base, frame.bytes + at, len);
		at += len;
	}
	if (at < frame.nr_bytes)
		abort(); /* the device promised more room */
	free(frame.bytes);
	return (int)frame.nr_bytes;
}

static void keep(struct fake_net_pair *pair, const struct net_frame *frame)
{
	struct fake_frame *kept = &pair->out[pair->nr_out % FAKE_NET_FRAMES];
	uint32_t at = 0;

	if (frame->nr_iov > NET_MAX_SEGMENTS || frame->iov[0].iov_len < NET_HEADER_BYTES ||
	    frame->nr_bytes > NET_HEADER_BYTES + NET_MAX_FRAME_BYTES)
		abort();
	free(kept->bytes);
	kept->bytes = malloc(frame->nr_bytes);
	if (!kept->bytes)
		abort();
	kept->nr_bytes = frame->nr_bytes;
	pair->nr_iov_out = frame->nr_iov;
	for (unsigned int i = 0; i < frame->nr_iov; i++) {
		memcpy(kept->bytes + at, frame->iov[i].iov_base, frame->iov[i].iov_len);
		at += (uint32_t)frame->iov[i].iov_len;
	}
	if (at != frame->nr_bytes)
		abort();
	pair->nr_out++;
}

static unsigned int fake_transmit(struct net_backend *backend, unsigned int index, const struct net_frame *frames,
				  unsigned int nr)
{
	struct fake_net_pair *pair = &fake_of(backend)->pairs[index];

	if (!pair->active)
		abort();
	for (unsigned int i = 0; i < nr; i++) {
		if (pair->full) {
			pair->owes_writable = true;
			return i;
		}
		keep(pair, &frames[i]);
		if (pair->room > 0 && --pair->room == 0)
			pair->full = true;
	}
	return nr;
}

static void fake_close(struct net_backend *backend)
{
	fake_net_destroy(fake_of(backend));
}

static const struct net_backend_ops fake_ops = {
	.attach = fake_attach,
	.detach = fake_detach,
	.set_offloads = fake_set_offloads,
	.set_active = fake_set_active,
	.flush = fake_flush,
	.set_reading = fake_set_reading,
	.receive = fake_receive,
	.transmit = fake_transmit,
	.close = fake_close,
};

struct fake_net *fake_net_create(unsigned int nr_pairs)
{
	struct fake_net *fake = calloc(1, sizeof(*fake));

	if (!fake || nr_pairs > FAKE_NET_PAIRS)
		abort();
	fake->backend.ops = &fake_ops;
	fake->backend.nr_pairs = nr_pairs;
	fake->backend.tx_offloads = 0x7f;
	fake->backend.rx_offloads = 0x7f;
	fake->backend.link_up = true;
	return fake;
}

void fake_net_destroy(struct fake_net *fake)
{
	for (unsigned int i = 0; i < FAKE_NET_PAIRS; i++) {
		struct fake_net_pair *pair = &fake->pairs[i];

		while (pair->in_at < pair->in_end)
			free(pair->in[pair->in_at++].bytes);
		for (unsigned int j = 0; j < FAKE_NET_FRAMES; j++)
			free(pair->out[j].bytes);
	}
	free(fake);
}

void fake_net_give(struct fake_net *fake, unsigned int index, const void *bytes, uint32_t nr_bytes)
{
	struct fake_net_pair *pair = &fake->pairs[index];
	struct fake_frame *frame;

	if (pair->in_at == pair->in_end) {
		pair->in_at = 0;
		pair->in_end = 0;
	}
	if (pair->in_end == FAKE_NET_FRAMES)
		return;
	frame = &pair->in[pair->in_end];
	frame->nr_bytes = nr_bytes;
	frame->bytes = malloc(nr_bytes > 0 ? nr_bytes : 1);
	if (!frame->bytes)
		abort();
	memcpy(frame->bytes, bytes, nr_bytes);
	pair->in_end++;
}

bool fake_net_source(void *arg)
{
	struct fake_net *fake = arg;
	bool any = false;

	for (unsigned int i = 0; i < fake->backend.nr_pairs; i++) {
		struct fake_net_pair *pair = &fake->pairs[i];

		if (pair->active && pair->owes_writable && !pair->full) {
			pair->owes_writable = false;
			fake->backend.user_ops->writable(fake->backend.user_arg, i);
			any = true;
		}
		if (pair->active && pair->reading && pair->in_at < pair->in_end) {
			fake->backend.user_ops->readable(fake->backend.user_arg, i);
			any = true;
		}
	}
	return any;
}
