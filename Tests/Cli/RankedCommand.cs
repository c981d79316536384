using GpuCnn.Cli;
using GpuCnn.Engine.Distributed;
using GpuCnn.Tests.Distributed;

namespace GpuCnn.Tests.Cli;

/// <summary>Runs commands on ranks that are threads of the test's process, as if a launcher had started each as one of its own.</summary>
internal static class RankedCommand
{
    /// <summary>What the command came to on each rank.</summary>
    public static CommandResult[] Run(int ranks, params string[] args) => Run(ranks, _ => args);

    /// <param name="args">Those of a rank.</param>
    public static CommandResult[] Run(int ranks, Func<int, string[]> args) => Run(ranks, (host, _) => host, args);

    /// <param name="change">Changes the host of a rank.</param>
    /// <param name="args">Those of a rank.</param>
    public static CommandResult[] Run(int ranks, Func<CommandHost, int, CommandHost> change, Func<int, string[]> args) =>
        ThreadRanks.Run(ranks, communicator => CommandLine.Run(host => change(host, communicator.Rank) with
        {
            Launch = ranks == 1 ? null : new(Launcher.OpenMpi, communicator.Rank, ranks, communicator.LocalRank, ranks),
            Join = () => communicator,
        }, args(communicator.Rank)));
}
