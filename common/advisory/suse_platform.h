/* SUSE's product names: "SUSE Linux Enterprise Server 15 SP4-LTSS", "openSUSE Leap 15.6", "SUSE
 * Linux Enterprise Module for Basesystem 15 SP4" (part of every Server). Desktop, HPC, SAP and the
 * products built on top repeat what Server says and are left alone. */
#pragma once

#include "advisory/assertion.h"

bool suse_platform(struct slice product, struct package_context *out, struct arena *arena);
