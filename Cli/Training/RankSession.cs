using System.Runtime.ExceptionServices;
using GpuCnn.Engine.Distributed;

namespace GpuCnn.Cli.Training;

/// <summary>
/// Runs a command as one of the ranks that a launcher started. Rank 0 speaks for all. What fails on another rank alone is one line too, and
/// ends all of them.
/// </summary>
internal static class RankSession
{
    /// <summary>
    /// Time that a rank gives those before it to fail by the same cause and to say it: at least, and on top for the last rank.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2), LastTurn = TimeSpan.FromSeconds(3);

    /// <summary>Time to end by itself after another rank was lost; a step may take longer.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(4);

    /// <summary>Joins the other ranks, where there are any, and does the work.</summary>
    public static int Run(CommandHost host, Func<Communicator, int> work)
    {
        if (host.Launch is not { } launch) return work(Communicator.Alone);
        Communicator ranks = Join(host, launch);
        ranks.Lost += loss => EndWithout(host, loss);
        try
        {
            int code = work(ranks);
            ranks.Dispose();
            return code;
        }
        catch (StoppedException exception) when (exception.IsAfterSteps)
        {
            ranks.Dispose();
            throw;
        }
        // Before the first step each rank may be somewhere else: the launcher ends those that did not get the signal.
        catch (StoppedException)
        {
            throw;
        }
        catch (RankFailedException exception)
        {
            ranks.Dispose();
            // All know; the own failure has more to say.
            if (exception.InnerException is { } own) ExceptionDispatchInfo.Throw(own);
            throw;
        }
        catch (RankLostException)
        {
            throw new ReportedException(Program.Failed);
        }
        catch (OperationCanceledException)
        {
            throw;
        }
        catch (Exception exception)
        {
            int code = ranks.IsFirst ? Program.Report(host, exception) : SayLater(host, ranks, exception);
            ranks.Abort(Program.Describe(exception));
            throw new ReportedException(code);
        }
    }

    private static Communicator Join(CommandHost host, Launch launch)
    {
        try
        {
            return host.Join();
        }
        catch (MpiUnavailableException exception) when (launch is { Rank: > 0, LocalRank: 0 })
        {
            // Of each host the first process says what the host lacks. On rank 0's host that is rank 0.
            Say(host, launch.Rank, exception);
            throw;
        }
    }

    /// <summary>Says that another rank was lost, and ends the process if it does not end by itself.</summary>
    private static void EndWithout(CommandHost host, RankLostException loss)
    {
        // At once: some launchers kill the other ranks soon after.
        if (loss.IsSpeaker) Program.WriteError(host with { Error = host.OwnError }, Program.Describe(loss));
        Thread.Sleep(Grace);
        Environment.Exit(Program.Failed);
    }

    private static int SayLater(CommandHost host, Communicator ranks, Exception exception)
    {
        Thread.Sleep(Patience + LastTurn * ((double)ranks.Rank / ranks.Size));
        Say(host, ranks.Rank, exception);
        return Program.Failed;
    }

    private static void Say(CommandHost host, int rank, Exception exception) => Program.WriteError(host with { Error = host.OwnError },
        $"Rank {rank} on {Environment.MachineName} failed: {Program.Describe(exception)}");
}

/// <summary>A failure that the user has been told of.</summary>
internal sealed class ReportedException(int exitCode) : Exception
{
    public int ExitCode { get; } = exitCode;
}
