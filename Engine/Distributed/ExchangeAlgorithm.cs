namespace GpuCnn.Engine.Distributed;

/// <summary>How ranks add up values so that each of them has the sums.</summary>
public enum ExchangeAlgorithm
{
    /// <summary>
    /// Each rank gets its part of the values from all others, adds them, and sends its part of the sums to all others: two rounds.
    /// <see cref="RankSum"/> does this.
    /// </summary>
    Direct,

    /// <summary>Parts go round a ring of ranks, first to be added, then as sums (Patarasuk and Yuan 2009).</summary>
    Ring,

    /// <summary>Pairs of ranks swap halves, then quarters, and so on, and the sums go back the same way (Rabenseifner 2004).</summary>
    HalvingDoubling,

    /// <summary>All values go up a binomial tree, and all sums down again.</summary>
    Tree,
}
