using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Tests.Devices;
using GpuCnn.Tests.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>
/// An evaluation that queues the next batch before it reads the results of one is that of a device that waits: results, images in their
/// order, failures.
/// </summary>
public sealed class LateEvaluationTests
{
    private const int ClassCount = 6, Batch = 4;

    private static readonly Shape Input = Shape.Volume(1, 4, 4);

    /// <summary>One network, two, and one that sees two views of each image.</summary>
    [Test]
    public void AnEvaluationIsThatOfADeviceThatWaits([Values(1, 2)] int networks, [Values(1, 2)] int views, [Values(1, 9, 16)] int images)
    {
        Run expected = Evaluate(new DebugDevice(), new Images(images), networks, views),
            actual = Evaluate(new LateDevice(), new Images(images), networks, views);
        Assert.That(actual.Result! with { Seconds = 0 }, Is.EqualTo(expected.Result! with { Seconds = 0 }));
        Assert.That(actual.Judged, Is.EqualTo(expected.Judged));
        Assert.That(expected.Judged, Has.Length.EqualTo(Enumerable.Range(0, images).Count(Images.IsReadable)));
    }

    /// <summary>The device has the next batch before an image of one is judged, and is not waited for.</summary>
    [Test]
    public void NothingIsWaitedForBetweenBatches([Values(1, 2)] int networks)
    {
        using var device = new LateDevice();
        List<(int Waits, int Read)> seen = [];
        int read = 0;
        Evaluate(device, new Images(40) { OnRead = _ => read++ }, networks, views: 1,
            judged: image => seen.Add((device.Waits, read - image / Batch)));
        Assert.That(seen.Select(at => at.Waits).Distinct().Count(), Is.EqualTo(1));
        Assert.That(seen.SkipLast(Batch).Select(at => at.Read), Is.All.GreaterThanOrEqualTo(2));
    }

    [Test]
    public void AFailureComesAfterTheBatchesBeforeIt([Values(0, 1, 3)] int batch, [Values(1, 2)] int networks)
    {
        foreach (Device device in new Device[] { new DebugDevice(), new LateDevice() })
        {
            Run run = Evaluate(device, new Images(20) { Bad = batch }, networks, views: 1);
            Assert.That(run.Failure, Is.TypeOf<UnreadableDataException>().With.Message.EqualTo("picture 7 is bad."));
            Assert.That(run.Judged.Select(image => image.Image),
                Is.EqualTo(Enumerable.Range(0, batch * Batch).Where(Images.IsReadable)), device.Name);
        }
    }

    [Test]
    public void ACancellationLosesNoBatchThatWasBegun([Values(1, 2)] int networks)
    {
        using var cancel = new CancellationTokenSource();
        var data = new Images(40) { OnRead = batch => { if (batch == 3) cancel.Cancel(); } };
        Run run = Evaluate(new LateDevice(), data, networks, views: 1, cancellation: cancel.Token);
        Assert.That(run.Failure, Is.InstanceOf<OperationCanceledException>());
        int last = run.Judged[^1].Image / Batch;
        Assert.That(last, Is.InRange(2, 3));
        Assert.That(run.Judged.Select(image => image.Image), Is.EqualTo(Enumerable.Range(0, (last + 1) * Batch).Where(Images.IsReadable)));
    }

    /// <summary>Its batch holds other images by the time the output is known.</summary>
    [Test]
    public void AnOutputThatIsNotFiniteIsNamedWithItsLayer(
        [Values(2, 7, 18)] int image, [Values(1, 2)] int networks, [Values(1, 2)] int views)
    {
        Exception[] failures = [.. new Device[] { new DebugDevice(), new LateDevice() }.Select(device =>
            Evaluate(device, new Images(19) { Infinite = image }, networks, views, nameOf: place => $"picture {place}").Failure!)];
        Assert.That(failures, Is.All.TypeOf<NonFiniteOutputException>());
        Assert.That(failures.Select(failure => failure.Message), Is.All.EqualTo(failures[0].Message)
            .And.Contains($"picture {image}, first in the output of conv").And.Not.Contains("\n"));
    }

    /// <summary>A plan that was left with batches under way goes on with other images.</summary>
    [Test]
    public void AFailedEvaluationLeavesThePlanUsable()
    {
        using var device = new LateDevice();
        using ParameterStore parameters = Parameters(device, 1);
        using Plan plan = PlanOf(parameters);
        EvaluationResult expected = Evaluation.Run(plan, new Images(9));
        foreach (int image in new[] { 0, 6 })
            Assert.That(() => Evaluation.Run(plan, new Images(30), judged: (judged, _, _) =>
            {
                if (judged == image) throw new GpuCnnException("the disk is full");
            }), Throws.TypeOf<GpuCnnException>());
        Assert.That(Evaluation.Run(plan, new Images(9)) with { Seconds = 0 }, Is.EqualTo(expected with { Seconds = 0 }));
    }

    /// <summary>Ranks that wait and ranks that do not, with different numbers of batches.</summary>
    [Test]
    public void RanksGetTheSameInTheSameOrder([Values(2, 3)] int size, [Values(3, 23)] int images)
    {
        (EvaluationResult Result, int[] Judged)[] all = [.. new[] { -1, 0, size - 1, size }.Select(late =>
        {
            List<int> judged = [];
            EvaluationResult[] results = ThreadRanks.Run(size, ranks =>
            {
                using Device device = late == size || ranks.Rank == late ? new LateDevice() : new DebugDevice();
                using ParameterStore parameters = Parameters(device, 1);
                using Plan plan = PlanOf(parameters);
                return Evaluation.Run(
                    plan, new Images(images), judged: ranks.IsFirst ? (image, _, _) => judged.Add(image) : null, ranks: ranks);
            });
            return (results[0] with { Seconds = 0 }, judged.ToArray());
        })];
        Assert.That(all.Select(run => run.Result), Is.All.EqualTo(all[0].Result));
        Assert.That(all.Select(run => run.Judged), Is.All.EqualTo(all[0].Judged));
    }

    [Test]
    public void AFailingRankEndsAllWithItsMessage([Values(0, 2)] int batch)
    {
        string[] messages = ThreadRanks.Run(2, ranks =>
        {
            using var device = new LateDevice();
            using ParameterStore parameters = Parameters(device, 1);
            using Plan plan = PlanOf(parameters);
            return Assert.Throws<RankFailedException>(() =>
                Evaluation.Run(plan, new Images(40) { Bad = ranks.Rank == 1 ? batch : int.MaxValue }, ranks: ranks))!.Message;
        });
        Assert.That(messages, Is.All.EqualTo($"Rank 1 on {Environment.MachineName} failed: picture 7 is bad."));
    }

    private sealed record Run(EvaluationResult? Result, (int Image, int Label, string Probabilities)[] Judged, Exception? Failure);

    private static Run Evaluate(Device device, Images data, int networks, int views, Action<int>? judged = null,
        CancellationToken cancellation = default, Func<int, string>? nameOf = null)
    {
        ParameterStore[] parameters = [.. Enumerable.Range(1, networks).Select(seed => Parameters(device, (ulong)seed))];
        Plan[] plans = [.. parameters.Select(PlanOf)];
        List<(int, int, string)> all = [];
        EvaluationResult? result = null;
        Exception? failure = null;
        try
        {
            result = networks * views == 1 ? Evaluation.Run(plans[0], data, cancellation, nameOf, Judge)
                : Evaluation.RunAveraged(
                    plans, (batch, shard) => data.ReadViews(batch, shard, views), data.Count, views, cancellation, nameOf, Judge);
        }
        catch (Exception exception)
        {
            failure = exception;
        }
        foreach (Plan plan in plans) plan.Dispose();
        foreach (ParameterStore one in parameters) one.Dispose();
        Assert.That(device.AllocatedBytes, Is.Zero);
        return new(result, [.. all], failure);

        void Judge(int image, int label, ReadOnlySpan<double> probabilities)
        {
            all.Add((image, label, string.Join(' ', probabilities.ToArray())));
            judged?.Invoke(image);
        }
    }

    private static ParameterStore Parameters(Device device, ulong seed)
    {
        var network = new Network("tiny", new Sequential
        {
            { "conv", new Conv2d(4, 3, padding: 1) }, new ReLU(), new Flatten(), { "fc", new Linear(ClassCount) },
        }, Input);
        ParameterStore parameters = device.CreateParameters(network, training: false);
        parameters.Initialize(seed);
        return parameters;
    }

    private static Plan PlanOf(ParameterStore parameters) =>
        new(parameters, new() { Images = Batch, Loss = new SoftmaxCrossEntropy(), UploadsAhead = true });

    /// <summary>Patterns, every sixth of which cannot be read; a batch holds other images after the next call.</summary>
    private sealed class Images(int count) : IDataset
    {
        private readonly PatternDataset _patterns = new(Input, ClassCount, count);

        /// <summary>The batch that ends reading.</summary>
        public int Bad { get; init; } = int.MaxValue;

        /// <summary>Image with an infinite value.</summary>
        public int Infinite { get; init; } = -1;

        /// <summary>Called before each batch.</summary>
        public Action<int>? OnRead { get; init; }

        public string Description => _patterns.Description;

        public Shape Shape => _patterns.Shape;

        public IReadOnlyList<string> Classes => _patterns.Classes;

        public int Count => count;

        public static bool IsReadable(int image) => image % 6 != 5;

        public IBatchReader ReadTraining(int batch, ulong seed, long firstStep, Shard? shard = null) => throw new NotSupportedException();

        public IBatchReader ReadEvaluation(int batch, Shard? shard = null) => ReadViews(batch, shard ?? Shard.Whole, views: 1);

        /// <summary>Views are the image brighter by one each.</summary>
        public IBatchReader ReadViews(int batch, Shard shard, int views) =>
            new Reader(this, _patterns.ReadEvaluation(batch / views, shard), shard.Of(count).First, batch, views);

        private sealed class Reader(Images data, IBatchReader reader, int first, int size, int views) : IBatchReader
        {
            private readonly Batch _batch = new(Input, size);
            private int _step, _image = first;

            public Batch? Next()
            {
                data.OnRead?.Invoke(_step);
                Array.Fill(_batch.Images, float.NaN);
                if (_step++ == data.Bad) throw new UnreadableDataException("picture 7 is bad.", new GpuCnnException("bad"));
                if (reader.Next() is not { } images) return null;
                Array.Clear(_batch.Images);
                Array.Fill(_batch.Labels, -1);
                _batch.Count = images.Count * views;
                for (int i = 0; i < _batch.Count; i++)
                {
                    Span<float> values = _batch.Image(i);
                    images.Image(i / views).CopyTo(values);
                    foreach (ref float value in values) value += i % views;
                    if (_image + i / views == data.Infinite) values.Fill(float.PositiveInfinity);
                    _batch.Labels[i] = IsReadable(_image + i / views) ? images.Labels[i / views] : -1;
                }
                _image += images.Count;
                return _batch;
            }

            public void Dispose() => reader.Dispose();
        }
    }
}
