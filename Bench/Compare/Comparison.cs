using GpuCnn.Bench.Workloads;

namespace GpuCnn.Bench.Compare;

/// <summary>The result for a workload: medians of the rounds that count.</summary>
/// <param name="PeerSeconds">Null if there was no peer.</param>
/// <param name="Steps">The launches of a run on our side.</param>
/// <param name="Kept">Number of rounds that count.</param>
/// <param name="Dropped">Number of rounds in which other processes used the cores.</param>
/// <param name="IsQuiet">False if every round was disturbed; all of them count then.</param>
/// <param name="Setting">The peer's fastest setting, if several were tried.</param>
internal sealed record Comparison(
    Workload Workload, IReadOnlyList<string> Steps, double OurSeconds, double? PeerSeconds, int Kept, int Dropped, bool IsQuiet,
        string? Setting)
{
    public double OurRate => Workload.Work.Rate(OurSeconds);

    public double? PeerRate => PeerSeconds is { } seconds ? Workload.Work.Rate(seconds) : null;

    /// <summary>Our speed divided by the peer's.</summary>
    public double? Ratio => PeerSeconds / OurSeconds;
}
