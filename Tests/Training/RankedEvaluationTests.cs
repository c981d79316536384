using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Tests.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>Ranks that each evaluate a share of the images get what one process gets, and end together.</summary>
public sealed class RankedEvaluationTests
{
    private const int ClassCount = 7, Batch = 4;
    private static readonly Shape Input = Shape.Volume(1, 6, 6);

    /// <summary>Also of numbers of images that leave ranks with fewer batches, or with none.</summary>
    [Test]
    public void EveryRankGetsTheResultOfAllImages([Values(2, 3, 4)] int size, [Values(1, 3, 23, 48)] int images)
    {
        Dictionary<int, Judged> expectedImages = [];
        EvaluationResult expected = Evaluate(Communicator.Alone, new Partial(images), judged: Into(expectedImages));
        Assert.That(expectedImages.Keys.Order(), Is.EqualTo(Enumerable.Range(0, images).Where(image => image % 6 != 5)));
        Dictionary<int, Judged> judged = [];
        EvaluationResult[] results = ThreadRanks.Run(size,
            ranks => Evaluate(ranks, new Partial(images), judged: ranks.IsFirst ? Into(judged) : null));
        Assert.That(results.Select(result => result with { Loss = 0, Seconds = 0 }),
            Is.All.EqualTo(expected with { Loss = 0, Seconds = 0 }));
        Assert.That(results.Select(result => result.Loss), Is.All.EqualTo(expected.Loss).Within(1e-6 * expected.Loss));
        Assert.That(results.Select(result => (result.Loss, result.Seconds)).Distinct().Count(), Is.EqualTo(1), "the same bits on all");
        Assert.That(judged.Keys.Order(), Is.EqualTo(expectedImages.Keys.Order()), "each image once");
        foreach ((int image, Judged one) in judged)
        {
            Assert.That(one.Label, Is.EqualTo(expectedImages[image].Label));
            Assert.That(one.Probabilities, Is.EqualTo(expectedImages[image].Probabilities).Within(1e-6));
        }
    }

    /// <summary>Rank 0 says whether images are judged.</summary>
    [Test]
    public void OnlyRankZeroIsAskedForWhoJudges() => ThreadRanks.Run(2, ranks =>
        Evaluate(ranks, new Partial(9), judged: ranks.IsFirst ? null : (_, _, _) => Assert.Fail("judged on another rank")));

    [Test]
    public void AFailingRankEndsAllWithItsMessage([Values(0, 1, 2)] int bad, [Values(0, 2)] int batch)
    {
        string[] messages = ThreadRanks.Run(3, ranks => Assert.Throws<RankFailedException>(() =>
            Evaluate(ranks, new Partial(40, ranks.Rank == bad ? batch : int.MaxValue)))!.Message);
        Assert.That(messages, Is.All.EqualTo($"Rank {bad} on {Environment.MachineName} failed: picture 7 is bad."));
    }

    [Test]
    public void ACanceledRankEndsAll([Values(0, 2)] int canceled)
    {
        bool[] ended = ThreadRanks.Run(3, ranks =>
        {
            using var source = new CancellationTokenSource();
            var data = new Partial(40, read: batch =>
            {
                if (ranks.Rank == canceled && batch == 1) source.Cancel();
            });
            return Assert.Catch<OperationCanceledException>(() => Evaluate(ranks, data, source.Token)) is not null;
        });
        Assert.That(ended, Is.All.True);
    }

    [Test]
    public void AFailureOfWhoJudgesEndsAll([Values(0, 24)] int image) => ThreadRanks.Run(2, ranks =>
        Assert.That(() => Evaluate(ranks, new Partial(26), judged: (judged, _, _) =>
        {
            if (judged == image) throw new GpuCnnException("the disk is full");
        }), Throws.TypeOf<RankFailedException>().With.Message.EndsWith("failed: the disk is full")));

    [Test]
    public void AnOutputThatIsNotFiniteIsNamedByItsPlaceAmongAll() => ThreadRanks.Run(2, ranks =>
        Assert.That(() => Evaluate(ranks, new Partial(20, infinite: 13), nameOf: image => $"image {image}"),
            Throws.TypeOf<RankFailedException>().With.Message.Contains("image 13").And.Message.StartsWith("Rank 1 ")));

    private readonly record struct Judged(int Label, double[] Probabilities);

    private static ImageJudged Into(Dictionary<int, Judged> all) =>
        (image, label, probabilities) => all.Add(image, new(label, probabilities.ToArray()));

    private static EvaluationResult Evaluate(Communicator ranks, IDataset dataset, CancellationToken cancellation = default,
        Func<int, string>? nameOf = null, ImageJudged? judged = null)
    {
        using Device device = DeviceCatalog.Open("cpu");
        var network = new Network("tiny", new Sequential { new Flatten(), { "fc", new Linear(ClassCount) } }, Input);
        using ParameterStore parameters = device.CreateParameters(network, training: false);
        parameters.Initialize(3);
        using var plan = new Plan(parameters, new() { Images = Batch, Loss = new SoftmaxCrossEntropy() });
        return Evaluation.Run(plan, dataset, cancellation, nameOf, judged, ranks);
    }

    /// <summary>Patterns, every sixth of which cannot be read.</summary>
    /// <param name="bad">The batch that ends reading.</param>
    /// <param name="infinite">Image with an infinite value.</param>
    /// <param name="read">Called before each batch.</param>
    private sealed class Partial(int count, int bad = int.MaxValue, int infinite = -1, Action<int>? read = null) : IDataset
    {
        private readonly PatternDataset _patterns = new(Input, ClassCount, count);

        public string Description => _patterns.Description;

        public Shape Shape => _patterns.Shape;

        public IReadOnlyList<string> Classes => _patterns.Classes;

        public int Count => _patterns.Count;

        public IBatchReader ReadTraining(int batch, ulong seed, long firstStep, Shard? shard = null) =>
            _patterns.ReadTraining(batch, seed, firstStep, shard);

        public IBatchReader ReadEvaluation(int batch, Shard? shard = null) => new Reader(
            _patterns.ReadEvaluation(batch, shard), (shard ?? Shard.Whole).Of(count).First, bad, infinite, read);

        private sealed class Reader(IBatchReader reader, int first, int bad, int infinite, Action<int>? read) : IBatchReader
        {
            private int _batch, _image = first;

            public Batch? Next()
            {
                read?.Invoke(_batch);
                if (_batch++ == bad) throw new UnreadableDataException("picture 7 is bad.", new GpuCnnException("bad"));
                Batch? batch = reader.Next();
                for (int i = 0; i < batch?.Count; i++, _image++)
                {
                    if (_image % 6 == 5) batch.Labels[i] = -1;
                    if (_image == infinite) batch.Image(i).Fill(float.PositiveInfinity);
                }
                return batch;
            }

            public void Dispose() => reader.Dispose();
        }
    }
}
