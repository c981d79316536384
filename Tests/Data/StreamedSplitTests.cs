using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>Images that are read front to back: correct in any order, and fast in the orders of training and evaluation.</summary>
public sealed class StreamedSplitTests
{
    private const int Batch = 10;

    [Test]
    public void TrainingOrdersArePermutationsThatDiffer()
    {
        StreamedSplit split = Create(out _, 40, 0, 25, 35);
        HashSet<string> seen = [];
        for (int epoch = 0; epoch < 4; epoch++)
        {
            for (ulong seed = 0; seed < 3; seed++)
            {
                int[] order = new int[100], again = new int[100];
                split.Shuffle(order, seed, epoch);
                split.Shuffle(again, seed, epoch);
                Assert.That(order.Order(), Is.EqualTo(Enumerable.Range(0, 100)));
                Assert.That(again, Is.EqualTo(order));
                Assert.That(seen.Add(string.Join(' ', order)), Is.True);
            }
        }
    }

    /// <summary>A few blocks are read at a time, and an image is never further ahead of them than the buffer holds.</summary>
    [Test]
    public void OrdersFollowTheBlocks()
    {
        int[] order = new int[6000], first = [0, 1000, 2000, 3000, 4000, 5000];
        StreamOrder.Fill(order, first, sideBySide: 2, buffer: 50, new RandomStream(1, 2, 3));
        Assert.That(order.Order(), Is.EqualTo(Enumerable.Range(0, 6000)));
        int[] next = [0, 0, 0, 0, 0, 0];
        HashSet<int> waiting = [];
        int most = 0;
        foreach (int image in order)
        {
            int block = image / 1000;
            for (; next[block] <= image % 1000; next[block]++) waiting.Add(block * 1000 + next[block]);
            Assert.That(waiting.Remove(image), Is.True);
            most = Math.Max(most, waiting.Count);
        }
        Assert.That(most, Is.LessThanOrEqualTo(50));
        Assert.That(next, Is.All.EqualTo(1000));
    }

    [Test]
    public void ThreadsChangeNothingAndEachBlockIsReadOncePerEpoch([Values(1, 4)] int workers)
    {
        float[][] expected = Train(Create(out _, 40, 25, 35), 1, 0, 20),
            actual = Train(Create(out TestBlock[] blocks, 40, 25, 35), workers, 0, 20);
        Assert.That(actual, Is.EqualTo(expected));
        // Two epochs, and what workers read ahead for a third.
        Assert.That(blocks.Select(block => block.Reads), Is.All.LessThanOrEqualTo(3));
        Assert.That(Train(Create(out _, 40, 25, 35), workers, 13, 7), Is.EqualTo(expected[13..]));
    }

    [Test]
    public void EvaluationReadsEachBlockOnce()
    {
        StreamedSplit split = Create(out TestBlock[] blocks, 40, 0, 25, 35);
        using IBatchReader reader = Open(split, 3).ReadEvaluation(Batch);
        int seen = 0;
        while (reader.Next() is { } batch)
            for (int i = 0; i < batch.Count; i++, seen++)
                Assert.That(batch.Image(i)[0], Is.EqualTo(seen / 255f));
        Assert.That(seen, Is.EqualTo(100));
        Assert.That(blocks.Select(block => block.Reads), Is.EqualTo(new[] { 1, 0, 1, 1 }));
    }

    [Test]
    public void SamplesAreTheFirstOfEvenlySpacedBlocks()
    {
        StreamedSplit split = Create(out _, 40, 25, 2, 33);
        Assert.That(Sample(4), Is.EqualTo(new[] { 0, 40, 65, 67 }));
        Assert.That(Sample(2), Is.EqualTo(new[] { 0, 65 }));
        Assert.That(Sample(10), Is.EqualTo(new[] { 0, 1, 2, 40, 41, 65, 66, 65, 67, 68 }));
        Assert.That(Sample(100), Is.EqualTo(Enumerable.Range(0, 100)));

        int[] Sample(int count) => [.. Enumerable.Range(0, count).Select(place => split.Sample(place, count))];
    }

    [Test]
    public void SubsetKeepsTheOrder()
    {
        StreamedSplit split = Create(out TestBlock[] blocks, 40, 25, 35);
        var subset = new SubsetSplit("odd", split, [.. Enumerable.Range(0, 100).Where(i => i % 2 == 1)]);
        int[] whole = new int[100], part = new int[50];
        split.Shuffle(whole, 5, 1);
        subset.Shuffle(part, 5, 1);
        Assert.That(part.Select(i => 2 * i + 1), Is.EqualTo(whole.Where(i => i % 2 == 1)));
        // One worker: a second that falls back asks for a block again.
        Train(subset, 1, 0, 5);
        Assert.That(blocks.Select(block => block.Reads), Is.All.LessThanOrEqualTo(2));
    }

    private static StreamedSplit Create(out TestBlock[] blocks, params int[] counts)
    {
        int first = 0;
        blocks = [.. counts.Select(count => new TestBlock((first += count) - count, count))];
        return new StreamedSplit("stream", ["even", "odd"], [.. Enumerable.Range(0, first).Select(i => i % 2)], blocks);
    }

    private static ImageDataset Open(ImageSplit split, int workers) =>
        new(split, new ImagePreprocessor(Shape.Volume(1, 1, 2), ImageFit.Pad, [0], [1]),
            options: new() { Workers = workers, Cache = CacheKind.None });

    private static float[][] Train(ImageSplit split, int workers, int firstStep, int steps)
    {
        using IBatchReader reader = Open(split, workers).ReadTraining(Batch, 5, firstStep);
        float[][] read = new float[steps][];
        for (int i = 0; i < steps; i++)
        {
            Batch batch = reader.Next()!;
            read[i] = [.. batch.Images, .. batch.Labels.Select(label => (float)label)];
        }
        return read;
    }

    private sealed class TestBlock(int first, int count) : StreamBlock
    {
        private int _reads;

        public int Reads => _reads;

        public override int Count => count;

        public override long Bytes => count * 13L;

        public override bool IsReadWhole => false;

        public override FileStamp Stamp => default;

        public override string Name(int index) => $"image {first + index}";

        public override IEnumerator<StreamPiece> Read()
        {
            Interlocked.Increment(ref _reads);
            for (int i = 0; i < count; i++)
            {
                StreamPiece piece = StreamPiece.Rent(13);
                ((byte[])[.. "P5 2 1 255\n"u8, (byte)(first + i), 0]).CopyTo(piece.Span);
                yield return piece;
            }
        }
    }
}
