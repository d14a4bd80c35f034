extension IPAddress {
    /// What one subscriber of a network has at least: an IPv4 address, or a /64 of IPv6 addresses (RFC 6177), all of
    /// which it can use at will. On a link, where neighbours share the /64, the address itself.
    package var subscriber: IPAddress {
        isV4 || isLoopback || isLinkLocal ? self : IPAddress(v6: high, 0)
    }
}
