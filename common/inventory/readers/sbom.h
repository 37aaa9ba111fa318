/* An SBOM document as evidence. */
#pragma once

#include "inventory/sink.h"

/* embedded: found inside an image. False: no known format. */
bool sbom_document_read(struct slice bytes, const char *path, bool embedded,
                        struct reader_sink *sink);
