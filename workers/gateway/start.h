/* Start and stop of the gateway: settings, pool, HTTP server, the first admin token. */
#pragma once

int gateway_main(int argc, char **argv);
