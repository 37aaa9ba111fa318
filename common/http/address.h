/* Addresses that an outsider must not make us reach, and the operator's list of exceptions.
 * Inside common/http. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/* Loopback, private, link-local, shared (100.64/10), documentation, multicast, unspecified and
 * reserved ranges, IPv4 inside IPv6 too (RFC 6890, RFC 4291). AF_UNIX and others are private. */
bool address_is_private(const struct sockaddr *address);
/* Is host, host:port or an address range that holds `address` in the blank- or comma-separated
 * list? address may be NULL: names alone are looked at. */
bool address_is_listed(const char *list, const char *host, const char *host_port,
                       const struct sockaddr *address);
/* Numeric text for errors. */
void address_text(const struct sockaddr *address, char *out, size_t size);
