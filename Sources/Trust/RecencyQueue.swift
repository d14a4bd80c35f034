/// Names in the order of their last use. Every operation is O(1) amortised.
///
/// A name that is used again leaves its old place behind as a gap; gaps are skipped when they come to the front, and
/// removed when they are more than half of all places.
struct RecencyQueue: Sendable {
    private struct Place {
        let name: String
        let serial: UInt64
    }

    private var places: [Place] = []
    private var front = 0
    private var serials: [String: UInt64] = [:]
    private var nextSerial: UInt64 = 0

    var count: Int { serials.count }
    /// Places that are in memory, with the gaps.
    var placeCount: Int { places.count }

    /// Puts a name at the end.
    mutating func use(_ name: String) {
        nextSerial += 1
        serials[name] = nextSerial
        places.append(Place(name: name, serial: nextSerial))
        if places.count > 2 * serials.count + 16 { compact() }
    }

    mutating func remove(_ name: String) {
        serials[name] = nil
    }

    /// Takes out the name that was used longest ago.
    mutating func popOldest() -> String? {
        while front < places.count {
            let place = places[front]
            front += 1
            guard serials[place.name] == place.serial else { continue }
            serials[place.name] = nil
            return place.name
        }
        return nil
    }

    private mutating func compact() {
        places = places[front...].filter { serials[$0.name] == $0.serial }
        front = 0
    }
}
