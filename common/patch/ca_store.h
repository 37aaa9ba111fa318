/* /etc/ssl/certs as update-ca-certificates(8) and `openssl rehash` leave it, and the Java keystore
 * of ca-certificates-java (JKS). Pure: works on the tree. */
#pragma once

#include "patch/root.h"

/* First what the postinst does to /etc/ca-certificates.conf: files that are gone get "!", new ones
 * are trusted and appended. *changed: something differs. */
bool ca_store_run(struct arena *arena, struct root *root, bool *changed, struct error *err);
/* Puts the certificates of /etc/ssl/certs/(*).pem that stem from the CA folders into
 * etc/ssl/certs/java/cacerts as "debian:NAME.pem", takes those away that are gone; others stay. No
 * keystore, or updates switched off: nothing. Not JKS, or another password: ERROR_INPUT. */
bool java_store_run(struct arena *arena, struct root *root, struct error *err);
