using System.Runtime.InteropServices;
using System.Text;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// The processes of one training run, its ranks: 0 to <see cref="Size"/> - 1. All ranks call the same collective methods in the same
/// order, from one thread. Sums are added in the order of the ranks, so that the same ranks give the same bits, on every rank.
/// </summary>
public abstract class Communicator : IDisposable
{
    private readonly Lock _losing = new();
    private Action<RankLostException>? _lost;
    private RankLostException? _loss;

    /// <summary>A process by itself: rank 0 of 1.</summary>
    public static Communicator Alone { get; } = new SingleRank();

    /// <summary>
    /// Joins the ranks that a launcher started this process with. <see cref="Alone"/> where none did; then nothing of MPI is looked for.
    /// </summary>
    /// <exception cref="MpiUnavailableException">There is no MPI library, or it is not the launcher's.</exception>
    public static Communicator Join() => Launch.Find() is { } launch ? Mpi.Join(launch) : Alone;

    /// <summary>
    /// Happens once, on a thread of its own, when another rank has ended or cannot be reached: this process cannot go on. Whoever adds a
    /// handler later is told at once. Operations that are under way, and later ones, throw the same exception.
    /// </summary>
    public event Action<RankLostException> Lost
    {
        add
        {
            lock (_losing)
            {
                if (_loss is null)
                {
                    _lost += value;
                    return;
                }
            }
            value(_loss);
        }
        remove
        {
            lock (_losing) _lost -= value;
        }
    }

    /// <summary>The loss that <see cref="Lost"/> told of, or null.</summary>
    public RankLostException? Loss => Volatile.Read(ref _loss);

    /// <summary>Raises <see cref="Lost"/>; does nothing after the first call.</summary>
    protected void Lose(RankLostException loss)
    {
        Action<RankLostException>? lost;
        lock (_losing)
        {
            if (_loss is not null) return;
            Volatile.Write(ref _loss, loss);
            lost = _lost;
        }
        OnLosing(loss);
        lost?.Invoke(loss);
    }

    /// <summary>Ends the operations that are under way. <see cref="Loss"/> is set, and <see cref="Lost"/> is raised after it.</summary>
    protected virtual void OnLosing(RankLostException loss) { }

    /// <summary>This process's number.</summary>
    public abstract int Rank { get; }

    /// <summary>Number of processes.</summary>
    public abstract int Size { get; }

    /// <summary>This process's number among those of its host.</summary>
    public abstract int LocalRank { get; }

    /// <summary>Number of processes on its host.</summary>
    public abstract int LocalSize { get; }

    /// <summary>For users: "Open MPI 4.1.4: 4 ranks on 2 hosts".</summary>
    public abstract string Description { get; }

    /// <summary>Whether this process is by itself: nothing is exchanged.</summary>
    public bool IsAlone => Size == 1;

    /// <summary>Whether this is rank 0, which speaks to the user and writes files.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>Gives all ranks the bytes of one.</summary>
    /// <param name="values">On each rank of the same length.</param>
    /// <param name="root">The rank that has them.</param>
    public abstract void Broadcast(Span<byte> values, int root = 0);

    /// <summary>Gives all ranks the values of one.</summary>
    /// <inheritdoc cref="Broadcast(Span{byte}, int)"/>
    public void Broadcast<T>(Span<T> values, int root = 0) where T : unmanaged => Broadcast(MemoryMarshal.AsBytes(values), root);

    /// <summary>Collects the bytes of all ranks on each of them.</summary>
    /// <param name="own">On each rank of the same length.</param>
    /// <param name="all">[<see cref="Size"/>][own]; overwritten.</param>
    public abstract void AllGather(ReadOnlySpan<byte> own, Span<byte> all);

    /// <summary>Collects the values of all ranks on each of them.</summary>
    /// <param name="own">On each rank of the same length.</param>
    /// <param name="all">[<see cref="Size"/>][own]; overwritten.</param>
    public void AllGather<T>(ReadOnlySpan<T> own, Span<T> all) where T : unmanaged =>
        AllGather(MemoryMarshal.AsBytes(own), MemoryMarshal.AsBytes(all));

    /// <summary>Collects bytes that may be of another length on each rank: [<see cref="Size"/>] arrays.</summary>
    public byte[][] AllGatherArrays(ReadOnlySpan<byte> own)
    {
        var lengths = new int[Size];
        AllGather<int>([own.Length], lengths);
        int longest = lengths.Max();
        var padded = new byte[longest];
        own.CopyTo(padded);
        var all = new byte[checked(longest * Size)];
        AllGather<byte>(padded, all);
        return [.. lengths.Select((length, rank) => all.AsSpan(rank * longest, length).ToArray())];
    }

    /// <summary>Collects a text of each rank.</summary>
    public string[] AllGatherTexts(string own) => [.. AllGatherArrays(Encoding.UTF8.GetBytes(own)).Select(Encoding.UTF8.GetString)];

    /// <summary>Replaces each value by its sum over all ranks, added in their order.</summary>
    public void Sum(Span<double> values)
    {
        if (IsAlone) return;
        int count = values.Length;
        // Small values are the rule: step results, counts.
        double[]? rented = count * Size > 512 ? new double[count * Size] : null;
        Span<double> all = rented ?? stackalloc double[count * Size];
        AllGather(values, all);
        values.Clear();
        for (int rank = 0; rank < Size; rank++)
            for (int i = 0; i < count; i++) values[i] += all[rank * count + i];
    }

    /// <summary>Creates a sum that runs beside the caller, again and again; the caller disposes of it.</summary>
    /// <param name="count">Floats that it adds up.</param>
    public abstract RankSum CreateSum(int count);

    /// <summary>Waits until all ranks are here.</summary>
    public void Barrier() => AllGather<byte>([1], new byte[Size]);

    /// <summary>For users: "rank 2 on host node3 (process 4711)".</summary>
    public virtual string Describe(int rank) => $"rank {rank}";

    /// <summary>
    /// Ends all ranks, this one too, because this one failed; the caller has told the user. Others hear the message first
    /// (<see cref="Lost"/>, and they need not speak). Returns where ending the others is not in its power.
    /// </summary>
    /// <param name="message">One line that names the cause.</param>
    public abstract void Abort(string message);

    public virtual void Dispose() => GC.SuppressFinalize(this);

    private sealed class SingleRank : Communicator
    {
        public override int Rank => 0;

        public override int Size => 1;

        public override int LocalRank => 0;

        public override int LocalSize => 1;

        public override string Description => "1 rank";

        public override void Broadcast(Span<byte> values, int root = 0) { }

        public override void AllGather(ReadOnlySpan<byte> own, Span<byte> all) => own.CopyTo(all);

        public override RankSum CreateSum(int count) => throw new NotSupportedException("A process by itself has nothing to add.");

        public override void Abort(string message) { }
    }
}
