#ifndef SALLYPORT_CSODIUM_SHIM_H
#define SALLYPORT_CSODIUM_SHIM_H

#include <sodium/crypto_sign_ed25519.h>

#endif
