using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels;

namespace GpuCnn.Tests.Training;

/// <summary>Synthetic images that show their class by where they are bright, in an order that depends only on the step.</summary>
internal sealed class PatternDataset(Shape shape, int classes, int count, float scale = 1) : IDataset
{
    public string Description => "patterns";

    public Shape Shape => shape;

    public IReadOnlyList<string> Classes => [.. Enumerable.Range(0, classes).Select(label => $"class{label}")];

    public int Count => count;

    public IBatchReader ReadTraining(int batch, ulong seed, long firstStep, Shard? shard = null)
    {
        shard ??= Shard.Whole;
        int part = batch / shard.Parts;
        (int first, int own) = shard.Of(part);
        return new Reader(this, shard.CountOfStep(batch), firstStep, (step, i) =>
            (int)(CounterRandom.Bits(seed, (ulong)(step * batch + i / own * part + first + i % own)) % (ulong)count));
    }

    public IBatchReader ReadEvaluation(int batch, Shard? shard = null)
    {
        (int first, int own) = (shard ?? Shard.Whole).Of(count);
        return new Reader(this, batch, 0, (step, i) => step * batch + i < own ? (int)(first + step * batch + i) : null);
    }

    private void Fill(Batch batch, int index, int image)
    {
        int label = image % classes;
        Span<float> values = batch.Image(index);
        for (int i = 0; i < values.Length; i++)
        {
            float pattern = i * classes / values.Length == label ? 0.6f : 0;
            values[i] = scale * (pattern + CounterRandom.Uniform(99, (ulong)(image * values.Length + i)) - 0.5f);
        }
        batch.Labels[index] = label;
    }

    /// <param name="order">Image at a place of a step's batch; null where there is none.</param>
    private sealed class Reader(PatternDataset data, int capacity, long step, Func<long, int, int?> order) : IBatchReader
    {
        private readonly Batch _batch = new(data.Shape, capacity);

        public Batch? Next()
        {
            Array.Clear(_batch.Images);
            Array.Fill(_batch.Labels, -1);
            _batch.Count = 0;
            for (int i = 0; i < capacity; i++)
            {
                if (order(step, i) is not { } image) break;
                data.Fill(_batch, i, image);
                _batch.Count++;
            }
            step++;
            return _batch.Count > 0 ? _batch : null;
        }

        public void Dispose() { }
    }
}
