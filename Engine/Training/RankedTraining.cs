using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Training;

/// <summary>The ranks' weights are not equal any more: a device or a memory is broken, or the ranks run different programs.</summary>
public sealed class RanksDifferException(string message) : GpuCnnException(message);

/// <summary>
/// What a <see cref="Trainer"/> asks of the other ranks. Rank 0 decides what clocks decide, has the folder and the observers, and its
/// running statistics count. All ranks call the methods in the same order.
/// </summary>
internal sealed class RankedTraining
{
    private const byte Stops = 1, TimeIsUp = 2, SaveIsDue = 4;

    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private readonly ParameterStore _parameters;

    /// <param name="parts">Batches of a training step.</param>
    public RankedTraining(Communicator ranks, ParameterStore parameters, int parts)
    {
        Ranks = ranks;
        Shard = new(ranks.Rank, ranks.Size, parts);
        _parameters = parameters;
    }

    public Communicator Ranks { get; }

    /// <summary>This rank's share of the images.</summary>
    public Shard Shard { get; }

    /// <summary>
    /// Reads this rank's batch of the next step, and learns whether all ranks go on: all of them stop before the same step.
    /// </summary>
    /// <param name="stops">Whether this rank was asked to stop.</param>
    /// <param name="isTimeUp">Whether the session's time is over; rank 0's word counts.</param>
    /// <param name="isSaveDue">Whether the clock asks for a checkpoint after the step; rank 0's word counts.</param>
    /// <exception cref="UnreadableDataException">Images cannot be read, and this process is by itself.</exception>
    /// <exception cref="RankFailedException">Images of one of several ranks cannot be read.</exception>
    public StepStart Begin(Func<Batch?> read, bool stops, bool isTimeUp, bool isSaveDue)
    {
        if (Ranks.IsAlone) return new(stops || isTimeUp ? null : Read(read), stops, isTimeUp, isSaveDue);
        Batch? batch = null;
        Exception? failure = null;
        try
        {
            batch = Read(read);
        }
        catch (Exception exception)
        {
            failure = exception;
        }
        int flags = stops ? Stops : 0;
        if (Ranks.IsFirst) flags |= (isTimeUp ? TimeIsUp : 0) | (isSaveDue ? SaveIsDue : 0);
        byte any = Ranks.Agree((byte)flags, failure).Any;
        return new(batch, (any & Stops) != 0, (any & TimeIsUp) != 0, (any & SaveIsDue) != 0);
    }

    /// <summary>Returns the least of the ranks' numbers: their devices may be of several kinds, but all do the same at each step.</summary>
    public int Least(int own)
    {
        if (Ranks.IsAlone) return own;
        var all = new int[Ranks.Size];
        Ranks.AllGather<int>([own], all);
        return all.Min();
    }

    /// <summary>Adds up the results of the ranks' parts of a step.</summary>
    public BatchResult Sum(BatchResult own)
    {
        if (Ranks.IsAlone) return own;
        Span<double> sums = [own.Images, own.LossSum, own.Top1, own.Top5];
        Ranks.Sum(sums);
        return new((int)sums[0], sums[1], (int)sums[2], (int)sums[3]);
    }

    /// <summary>Runs something on rank 0 alone, such as writing a file. Where it fails, all ranks throw.</summary>
    /// <returns>The result; the default value on other ranks.</returns>
    /// <exception cref="RankFailedException">It failed on rank 0 of several.</exception>
    public T? OnFirst<T>(Func<T> body) => Ranks.Together(() => Ranks.IsFirst ? body() : default);

    /// <inheritdoc cref="OnFirst{T}"/>
    public void OnFirst(Action body) => OnFirst(() =>
    {
        body();
        return true;
    });

    /// <summary>Gives all ranks the weights and the state that rank 0 starts from.</summary>
    public void ShareStart()
    {
        if (!Ranks.IsAlone) _parameters.Share(Ranks, StoreRuns.Weights | StoreRuns.States);
    }

    /// <summary>
    /// Gives all ranks what rank 0 read from a checkpoint: the parameters with slots and averages, and the state of the run.
    /// </summary>
    public TrainingState ShareResumed(TrainingState state)
    {
        if (Ranks.IsAlone) return state;
        _parameters.Share(Ranks, StoreRuns.All);
        string[] all = Ranks.AllGatherTexts(Ranks.IsFirst ? JsonSerializer.Serialize(state, Json) : "");
        return Ranks.IsFirst ? state : JsonSerializer.Deserialize<TrainingState>(all[0], Json)!;
    }

    /// <summary>Gives all ranks rank 0's running statistics, and their averages, for they judge together.</summary>
    public void ShareStatistics()
    {
        if (!Ranks.IsAlone) _parameters.Share(Ranks, StoreRuns.States | StoreRuns.AverageStates);
    }

    /// <summary>Holds that all ranks still have the same weights.</summary>
    /// <exception cref="RanksDifferException">One has others; thrown on all ranks.</exception>
    public void CheckEqual(long step)
    {
        if (Ranks.IsAlone) return;
        ulong own = _parameters.Checksum();
        var all = new ulong[Ranks.Size];
        Ranks.AllGather<ulong>([own], all);
        int other = Array.FindIndex(all, sum => sum != all[0]);
        if (other < 0) return;
        throw new RanksDifferException(string.Create(CultureInfo.InvariantCulture,
            $"After step {step} rank {other} has other weights than rank 0, but all ranks take the same steps: the memory or the processor "
            + $"of one of their machines is faulty, or they run different versions. The last checkpoint before step {step} is sound."));
    }

    private static Batch Read(Func<Batch?> read) => read() ?? throw new InvalidOperationException("Training batches never end.");
}

/// <summary>How a step begins on all ranks.</summary>
/// <param name="Batch">This rank's images; null where a process by itself does not take the step.</param>
internal readonly record struct StepStart(Batch? Batch, bool Stops, bool IsTimeUp, bool IsSaveDue);
