using System.Diagnostics;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Training;
using GpuCnn.Runs;

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

    /// <summary>Joins the other ranks, where there are any, and does the work.</summary>
    /// <param name="isStoppedEarly">
    /// Whether a signal ends the process before its first step: then others end too, for no other cause.
    /// </param>
    public static int Run(CommandHost host, Func<Communicator, int> work, Func<bool>? isStoppedEarly = null)
    {
        if (host.Launch is not { } launch) return work(Communicator.Alone);
        Communicator ranks = Join(host, launch, isStoppedEarly);
        bool isLeaving = false;
        ranks.Lost += loss =>
        {
            // Its work is done; others may go before it.
            if (Volatile.Read(ref isLeaving)) return;
            if (loss.IsSpeaker && isStoppedEarly?.Invoke() != true)
            {
                // The live display has hidden the cursor and will not get to show it again.
                if (host.IsTerminal) host.Terminal.Write("\e[?25h\n");
                Say(host, loss);
            }
            End(ranks, loss.Message);
        };
        try
        {
            int code = work(ranks);
            Leave();
            return code;
        }
        catch (Exception exception) when (IsOfAll(exception))
        {
            // All know; the own failure has more to say. It is said before any rank ends: launchers end the others then.
            Exception own = exception is RankFailedException { InnerException: { } inner } ? inner : exception;
            int code = Program.Report(host, own);
            Leave();
            throw new ReportedException(code);
        }
        catch (RankLostException)
        {
            // The handler above says it, and ends the process.
            Thread.Sleep(Timeout.Infinite);
            throw;
        }
        catch (Exception exception) when (exception is StoppedException or OperationCanceledException)
        {
            // Before the first step each rank may be somewhere else.
            if (!ranks.IsFirst) throw;
            throw Ended(host, ranks, exception);
        }
        catch (Exception exception)
        {
            if (!ranks.IsFirst) Thread.Sleep(Patience + LastTurn * ((double)ranks.Rank / ranks.Size));
            throw Ended(host, ranks, exception);
        }

        void Leave()
        {
            Volatile.Write(ref isLeaving, true);
            ranks.Dispose();
        }
    }

    /// <summary>Ends all ranks, and the process.</summary>
    public static void End(Communicator ranks, string message)
    {
        ranks.Abort(message);
        Process.GetCurrentProcess().Kill();
    }

    /// <summary>Says a failure of this rank alone, and ends the others.</summary>
    private static ReportedException Ended(CommandHost host, Communicator ranks, Exception exception)
    {
        int code = Program.Failed;
        if (ranks.IsFirst) code = Program.Report(host, exception);
        else Say(host, ranks.Rank, exception);
        ranks.Abort(Program.Describe(exception));
        return new(code);
    }

    /// <summary>Whether all ranks throw it after the same step, when they have saved what there was to save.</summary>
    private static bool IsOfAll(Exception exception) => exception is RankFailedException or TrainingDivergedException
        or UnusableStartException or RanksDifferException or DifferingDataException
        or UnreadableDataException { InnerException: RankFailedException } or StoppedException { IsAfterSteps: true };

    private static Communicator Join(CommandHost host, Launch launch, Func<bool>? isStoppedEarly)
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
        catch (RankLostException loss)
        {
            if (loss.IsSpeaker && isStoppedEarly?.Invoke() != true) Say(host, loss);
            // MPI may wait for the lost rank; the launcher ends those that are left.
            Process.GetCurrentProcess().Kill();
            throw;
        }
    }

    private static void Say(CommandHost host, RankLostException loss) =>
        Program.WriteError(host with { Error = host.OwnError }, Program.Describe(loss));

    private static void Say(CommandHost host, int rank, Exception exception) => Program.WriteError(host with { Error = host.OwnError },
        $"Rank {rank} on {Environment.MachineName} failed: {Program.Describe(exception)}");
}

/// <summary>A failure that the user has been told of.</summary>
internal sealed class ReportedException(int exitCode) : Exception
{
    public int ExitCode { get; } = exitCode;
}
