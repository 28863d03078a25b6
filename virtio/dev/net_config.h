/* What a network device offers, and what the driver's choice of it means. */
#ifndef VIRTIO_DEV_NET_CONFIG_H
#define VIRTIO_DEV_NET_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio/dev/net.h"
#include "virtio/dev/net_abi.h"

/* The features of a device on this backend. */
uint64_t net_config_features(const struct net_config *config);
/* Shows MAC, link, pairs and MTU. */
void net_config_fill(struct virtio_net_config *shown, const struct net_config *config);

/* The offloads (enum net_offload) that these features let the driver leave to the device, and the device to the driver.
 * A feature without those that it requires (virtio 1.2, 5.1.3.1) counts as absent. */
unsigned int net_config_tx_offloads(uint64_t features);
unsigned int net_config_rx_offloads(uint64_t features);

/* The offload that a frame with this header takes: 0 for none; false if the header makes no sense. */
__attribute__((warn_unused_result)) bool net_header_offloads(const struct virtio_net_header *header,
							     unsigned int *offloads);

#endif
