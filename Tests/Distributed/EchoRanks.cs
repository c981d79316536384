using GpuCnn.Engine.Distributed;

namespace GpuCnn.Tests.Distributed;

/// <summary>Ranks that all have what this one has. They allocate nothing, and count the gathers.</summary>
internal sealed class EchoRanks(int size) : Communicator
{
    public int Gathers { get; private set; }

    public override int Rank => 0;

    public override int Size => size;

    public override int LocalRank => 0;

    public override int LocalSize => size;

    public override string Description => $"{size} echoes";

    public override void Broadcast(Span<byte> values, int root = 0) { }

    public override void AllGather(ReadOnlySpan<byte> own, Span<byte> all)
    {
        Gathers++;
        for (int rank = 0; rank < size; rank++) own.CopyTo(all[(rank * own.Length)..]);
    }

    public override RankSum CreateSum(int count) => new EchoSum(size, count);

    public override void Abort(string message) { }

    private sealed unsafe class EchoSum(int size, int count) : RankSum
    {
        public override bool IsDone => true;

        public override void Begin(float* values, Func<bool>? isReady = null)
        {
            while (isReady?.Invoke() == false) Thread.Yield();
            for (int i = 0; i < count; i++) values[i] *= size;
        }

        public override void Wait() { }
    }
}
