using System.Runtime.ExceptionServices;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// Lets all ranks leave a loop at the same place: what one meets, all learn in one small exchange. All ranks call these methods in the same
/// order, as those of <see cref="Communicator"/>.
/// </summary>
public static class RankAgreement
{
    private const byte Failed = 1 << 7, Canceled = 1 << 6, Reserved = Failed | Canceled;

    /// <summary>
    /// Tells all ranks the flags of each, and whether one failed. Allocates nothing where none did. A rank by itself gets its own flags, or
    /// throws its own failure.
    /// </summary>
    /// <param name="flags">This rank's flags; the two highest bits are reserved.</param>
    /// <param name="failure">What this rank cannot go on for; null where it can.</param>
    /// <exception cref="RankFailedException">A rank failed: the lowest one's message, on all ranks.</exception>
    /// <exception cref="OperationCanceledException">
    /// The failure of a rank is such an exception, and no rank has another: thrown on all ranks.
    /// </exception>
    public static AgreedFlags Agree(this Communicator ranks, byte flags = 0, Exception? failure = null)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(flags & Reserved, 0, nameof(flags));
        if (ranks.IsAlone)
        {
            if (failure is not null) ExceptionDispatchInfo.Throw(failure);
            return new(flags, flags);
        }
        byte own = failure switch
        {
            null => flags,
            OperationCanceledException => (byte)(flags | Canceled),
            _ => (byte)(flags | Failed),
        };
        Span<byte> all = ranks.Size <= 1024 ? stackalloc byte[ranks.Size] : new byte[ranks.Size];
        ranks.AllGather<byte>([own], all);
        byte any = 0, every = byte.MaxValue;
        foreach (byte one in all)
        {
            any |= one;
            every &= one;
        }
        if ((any & Failed) != 0) Throw(ranks, failure is OperationCanceledException ? null : failure);
        if ((any & Canceled) != 0)
        {
            if (failure is not null) ExceptionDispatchInfo.Throw(failure);
            throw new OperationCanceledException("Another rank was canceled.");
        }
        return new(any, every);
    }

    /// <summary>Calls a function on each rank. Where it fails on one, all ranks throw as <see cref="Agree"/> does.</summary>
    public static T Together<T>(this Communicator ranks, Func<T> body)
    {
        T result = default!;
        Exception? failure = null;
        try
        {
            result = body();
        }
        catch (Exception exception) when (!ranks.IsAlone)
        {
            failure = exception;
        }
        ranks.Agree(0, failure);
        return result;
    }

    /// <inheritdoc cref="Together{T}"/>
    public static void Together(this Communicator ranks, Action body) => ranks.Together(() =>
    {
        body();
        return true;
    });

    private static void Throw(Communicator ranks, Exception? failure)
    {
        string own = failure is null ? "" : $"{Environment.MachineName}\n{Describe(failure)}";
        string[] all = ranks.AllGatherTexts(own);
        int lowest = Array.FindIndex(all, text => text.Length > 0);
        string[] parts = all[lowest].Split('\n', 2);
        string message = $"Rank {lowest} on {parts[0]} failed: {parts[1]}";
        throw failure is null ? new RankFailedException(lowest, message) : new RankFailedException(lowest, message, failure);
    }

    /// <summary>The message, on one line; what is no user's business names its type.</summary>
    private static string Describe(Exception failure)
    {
        string message = failure.Message.ReplaceLineEndings(" ");
        return failure is GpuCnnException ? message : $"{failure.GetType().Name}: {message}";
    }
}

/// <summary>The flags of all ranks.</summary>
/// <param name="Any">Flags that at least one rank has.</param>
/// <param name="Every">Flags that all ranks have.</param>
public readonly record struct AgreedFlags(byte Any, byte Every);

/// <summary>A rank cannot go on, so none does. Thrown on all ranks with one message.</summary>
public sealed class RankFailedException : GpuCnnException
{
    internal RankFailedException(int rank, string message) : base(message) => Rank = rank;

    internal RankFailedException(int rank, string message, Exception inner) : base(message, inner) => Rank = rank;

    /// <summary>The rank that failed, the lowest of several.</summary>
    public int Rank { get; }
}
