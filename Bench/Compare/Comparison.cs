using GpuCnn.Bench.Workloads;

namespace GpuCnn.Bench.Compare;

/// <summary>What came of a workload: medians of the rounds that count.</summary>
/// <param name="PeerSeconds">Null where there was no other side.</param>
/// <param name="Steps">The launches of a run on our side.</param>
/// <param name="Kept">Rounds that count.</param>
/// <param name="Dropped">Rounds that somebody else was on the cores in.</param>
/// <param name="IsQuiet">False where no round was left alone; then all count.</param>
/// <param name="Setting">What the other side was the fastest with, where several settings were tried.</param>
internal sealed record Comparison(
    Workload Workload, IReadOnlyList<string> Steps, double OurSeconds, double? PeerSeconds, int Kept, int Dropped, bool IsQuiet, string? Setting)
{
    public double OurRate => Workload.Work.Rate(OurSeconds);

    public double? PeerRate => PeerSeconds is { } seconds ? Workload.Work.Rate(seconds) : null;

    /// <summary>Our speed by the peer's.</summary>
    public double? Ratio => PeerSeconds / OurSeconds;
}
