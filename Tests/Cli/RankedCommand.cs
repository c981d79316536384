using GpuCnn.Engine.Distributed;
using GpuCnn.Tests.Distributed;

namespace GpuCnn.Tests.Cli;

/// <summary>Runs commands on ranks that are threads of the test's process, as if a launcher had started each as one of its own.</summary>
internal static class RankedCommand
{
    /// <summary>What the command came to on each rank.</summary>
    public static CommandResult[] Run(int ranks, params string[] args) => Run(ranks, _ => args);

    /// <param name="args">Those of a rank.</param>
    public static CommandResult[] Run(int ranks, Func<int, string[]> args) =>
        ThreadRanks.Run(ranks, communicator => CommandLine.Run(host => host with
        {
            Launch = new(Launcher.OpenMpi, communicator.Rank, ranks, communicator.LocalRank, ranks),
            Join = () => communicator,
        }, args(communicator.Rank)));
}
