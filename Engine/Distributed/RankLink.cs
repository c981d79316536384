namespace GpuCnn.Engine.Distributed;

/// <summary>
/// What connects ranks, as a cost model sees it: a message of b bytes takes latency + overhead + b / rate, and a rank sends and receives
/// at that rate at the same time. In the terms of Thakur, Rabenseifner and Gropp ("Optimization of Collective Communication Operations in
/// MPICH", 2005) α = latency + overhead, β = 1 / rate, γ = the seconds to add a byte.
/// </summary>
/// <param name="Latency">Seconds from one rank to another, which messages sent one after another share.</param>
/// <param name="BytesPerSecond">Rate of a rank, in each direction.</param>
/// <param name="MessageSeconds">Overhead of each message: time in which its rank does not send the next.</param>
/// <param name="AddSecondsPerByte">Seconds to add a received byte.</param>
public sealed record RankLink(double Latency, double BytesPerSecond, double MessageSeconds = 0, double AddSecondsPerByte = 0)
{
    private const double BitsPerByte = 8, Giga = 1e9;

    /// <summary>A network of so many Gbit/s.</summary>
    /// <param name="share">Part of the rate that payload reaches.</param>
    public static RankLink Network(double gigabits, double latency, double messageSeconds = 0, double share = 1) =>
        new(latency, gigabits * Giga / BitsPerByte * share, messageSeconds);

    /// <summary>Seconds in which ranks add up their values: 0 where there is one rank.</summary>
    /// <param name="bytes">Bytes of a rank's values, b.</param>
    /// <param name="ranks">Number of ranks, N.</param>
    /// <remarks>
    /// With L latency, o overhead, lg = ceil(log2 N):
    /// direct           2 L + 2 (N - 1) o + 2 (N - 1)/N b β + (N - 1)/N b γ
    /// ring             2 (N - 1) (L + o)  + 2 (N - 1)/N b β + (N - 1)/N b γ
    /// halving-doubling 2 lg (L + o)       + 2 (N - 1)/N b β + (N - 1)/N b γ
    /// tree             2 lg (L + o + b β) + lg b γ
    /// The first three send the least bytes possible. Where N is no power of 2, halving and doubling takes one more exchange of everything
    /// at both ends, 2 (L + o + b β) + b γ, among floor(log2 N) rounds.
    /// </remarks>
    public double Seconds(long bytes, int ranks, ExchangeAlgorithm algorithm = ExchangeAlgorithm.Direct)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ranks);
        if (ranks == 1) return 0;
        double others = ranks - 1, part = others / ranks * bytes;
        double message = Latency + MessageSeconds, whole = bytes / BytesPerSecond;
        double least = 2 * part / BytesPerSecond + part * AddSecondsPerByte;
        int rounds = int.Log2(ranks);
        bool isPower = int.IsPow2(ranks);
        return algorithm switch
        {
            ExchangeAlgorithm.Direct => 2 * Latency + 2 * others * MessageSeconds + least,
            ExchangeAlgorithm.Ring => 2 * others * message + least,
            ExchangeAlgorithm.HalvingDoubling when isPower => 2 * rounds * message + least,
            ExchangeAlgorithm.HalvingDoubling => Seconds(bytes, 1 << rounds, algorithm) + 2 * (message + whole) + bytes * AddSecondsPerByte,
            ExchangeAlgorithm.Tree => (rounds + (isPower ? 0 : 1)) * (2 * (message + whole) + bytes * AddSecondsPerByte),
            _ => throw new ArgumentOutOfRangeException(nameof(algorithm)),
        };
    }

    /// <summary>
    /// Seconds in which ranks on hosts add up their values in two levels: the ranks of a host each get a part of the host's sums, ranks of
    /// the same number on all hosts add up their parts over the network, which all ranks of a host share, and the sums go to all within
    /// the host.
    /// </summary>
    /// <param name="bytes">Bytes of a rank's values.</param>
    /// <param name="hosts">Number of hosts.</param>
    /// <param name="perHost">Ranks of a host.</param>
    /// <param name="network">Link of a host; this link is between the ranks of one.</param>
    public double TwoLevelSeconds(long bytes, int hosts, int perHost, RankLink network,
        ExchangeAlgorithm algorithm = ExchangeAlgorithm.Direct) =>
        Seconds(bytes, perHost) + network.Shared(perHost).Seconds(bytes / perHost, hosts, algorithm);

    /// <summary>
    /// Seconds of <see cref="ExchangeAlgorithm.Direct"/> where ranks share the link of their host: each sends its host's link what is for
    /// other hosts, and the rest within the host. Both go on at the same time; the longer of them counts.
    /// </summary>
    /// <inheritdoc cref="TwoLevelSeconds"/>
    public double SharedDirectSeconds(long bytes, int hosts, int perHost, RankLink network)
    {
        int ranks = hosts * perHost;
        return Math.Max(Of(this, perHost - 1), Of(network.Shared(perHost), ranks - perHost));

        double Of(RankLink link, int others) => others == 0 ? 0 : 2 * link.Latency + 2 * others * link.MessageSeconds
            + (double)others / ranks * bytes * (2 / link.BytesPerSecond + link.AddSecondsPerByte);
    }

    /// <summary>What a rank has of a link that others use at the same time.</summary>
    public RankLink Shared(int by) => this with { BytesPerSecond = BytesPerSecond / by };
}
