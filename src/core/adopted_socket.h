#pragma once
/// A listening socket for a library that opens its own. LibTorch 1.13's store listens on every address of the
/// machine and has no option against it. It calls `bind`, and a program's own `bind` takes precedence over
/// that of libc: this one puts a socket of ours in the place of the store's.

namespace svhn::core {

/// The next call of `bind` in this process gives this listening socket to the caller's descriptor. The
/// program and its library have each a copy of this function, so the socket's number is kept in the
/// environment.
void adopt_at_next_bind(int socket);

/// @returns whether no `bind` has come, e.g. in a program without this one; later ones are as usual.
bool forget_adopted_socket();

}  // namespace svhn::core
