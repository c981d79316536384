using System.Collections.Concurrent;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Plans;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Distributed;

/// <summary>Batch norms over the images of all ranks (<see cref="PlanOptions.SyncsNorms"/>).</summary>
public sealed class SyncedNormTests
{
    private const double Epsilon = 1e-3, Momentum = 0.25;

    private static readonly Shape Input = Shape.Volume(12, 5, 4);

    private static readonly PlanOptions Options = new()
    { Images = 1, Training = true, InputGradient = true, SyncsNorms = true, Loss = new ProjectionLoss() };

    // Each rank has its own.
    private readonly ConcurrentDictionary<(DeviceUnderTest, int Rank), Device> _devices = [];

    [OneTimeTearDown]
    public void DisposeDevices()
    {
        foreach (Device device in _devices.Values) device.Dispose();
    }

    /// <summary>Images of each rank: shares of 9 and of 12, a batch that is not full, and a rank without images.</summary>
    public static IEnumerable<int[]> Shares =>
        [[9], .. from ranks in new[] { 2, 3, 4 } from images in new[] { 9, 12 } select Share(images, ranks), [3, 0, 2], [0, 1]];

    /// <summary>
    /// A norm of the network's input, of moments that a convolution gathered, with addend and activation fused, in slices, and of an input
    /// that several operators wrote.
    /// </summary>
    [Test]
    public void RanksComputeWhatOneProcessDoes(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test,
        [ValueSource(nameof(Shares))] int[] shares)
    {
        int images = shares.Sum();
        float[] x = Numbers.Reals(images * Input.Count, 5);
        (Results First, Results Again)[] results = Run(test, shares, x);
        Results[] ranks = [.. results.Select(rank => rank.First)];
        Results alone = Run(test, [images], x)[0].First;
        ReferenceLayer reference = Reference();
        Extent extent = Extent.Of(images, Input);
        double[] wide = Numbers.ToDouble(x);
        double[][] parameters = [.. alone.Gradients.Keys.Select(path => Numbers.ToDouble(alone.Start[path]))];
        double[] y = reference.Forward(extent, wide, parameters);
        Gradients gradients = reference.Backward(extent, wide, parameters, [.. y.Select((_, i) => (double)ProjectionLoss.Weight(i))]);

        Check("output", [.. ranks.SelectMany(rank => rank.Output)], alone.Output, y);
        Check("input gradient", [.. ranks.SelectMany(rank => rank.InputGradient)], alone.InputGradient, gradients.Input);
        foreach ((string path, double[] expected) in alone.Gradients.Keys.Zip(gradients.Parameters))
            Check($"gradient of {path}", ranks[0].Gradients[path], alone.Gradients[path], expected);
        double[][] first = [.. alone.State.Keys.Take(3).Select(path => Numbers.ToDouble(alone.Start[path]))];
        double[][] moved = new ReferenceBatchNorm2d(Epsilon, Momentum).NextState(extent, wide, first);
        foreach ((string path, int index) in alone.State.Keys.Select((path, i) => (path, i)))
            Check(path, ranks[0].State[path], alone.State[path], index < 3 ? moved[index] : Numbers.ToDouble(alone.State[path]));

        foreach ((Results rank, int index) in ranks.Select((rank, i) => (rank, i)))
        {
            foreach (((string name, float[] a), (string _, float[] b)) in rank.OfAllRanks().Zip(ranks[0].OfAllRanks()))
                Closeness.CheckSameBits($"{test}: {name} of rank {index}", a, b);
            foreach (((string name, float[] a), (string _, float[] b)) in rank.All().Zip(results[index].Again.All()))
                Closeness.CheckSameBits($"{test}: {name} of rank {index}, again", a, b);
        }

        void Check(string what, float[] actual, float[] whole, double[] expected)
        {
            double tolerance = 4 * Closeness.Tolerance(reference.LongestSum(extent), test.Rounding, expected, leastScale: 1);
            Closeness.Check($"{test}: {what} of one process", whole, expected, tolerance);
            Closeness.Check($"{test}: {what} of {shares.Length} ranks", actual, expected, tolerance);
        }
    }

    /// <summary>Means far from 0, which differ from rank to rank, and a first rank without images.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void IsAccurateFarFromZero(DeviceUnderTest test)
    {
        Shape input = Shape.Volume(5, 20, 20);
        int[] shares = [0, 3, 2];
        float[] x = [.. Numbers.Reals(5 * input.Count, 5).Select((value, i) => 1000 + value / 16 + i / input.Count / 16f)];
        double[] expected = new ReferenceBatchNorm2d(1e-12, 1)
            .NextState(Extent.Of(5, input), Numbers.ToDouble(x), [new double[5], new double[5], [0]])[1];
        float[][] variances = ThreadRanks.Run(shares.Length, ranks =>
        {
            var layers = new Sequential { { "norm", new BatchNorm2d(1e-12f, 1) } };
            using TestNetwork network = Make(DeviceOf(test, ranks), layers, input, ranks, shares, x);
            network.Parameters.Initialize(1);
            network.Plan.ComputeGradients(network.Batch);
            return network.Weights("norm.running_var");
        });
        foreach (float[] actual in variances) Closeness.Check($"{test}: variance", actual, expected, 1e-5 * expected.Max());
    }

    /// <summary>A process by itself has the steps and the bits that it has without the option.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void OneRankExchangesNothing(DeviceUnderTest test)
    {
        using Device device = test.Make();
        using var synced = new TestNetwork(device, Layers(), Input, Options with { Images = 5 });
        using var plain = new TestNetwork(device, Layers(), Input, Options with { Images = 5, SyncsNorms = false });
        Assert.That(synced.Plan.Steps, Is.EqualTo(plain.Plan.Steps));
        Assert.That(synced.Plan.ArenaBytes, Is.EqualTo(plain.Plan.ArenaBytes));
        foreach (((string name, float[] a), (string _, float[] b)) in ResultsOf(synced).All().Zip(ResultsOf(plain).All()))
            Closeness.CheckSameBits($"{test}: {name}", a, b);
    }

    /// <summary>Ranks without the option have the numbers of their own images.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void RanksWithoutTheOptionSeeTheirOwnImages(DeviceUnderTest test)
    {
        using Device device = test.Make();
        var ranks = new EchoRanks(2);
        using var local = new TestNetwork(
            device, Layers(), Input, Options with { Images = 5, SyncsNorms = false, Ranks = ranks, AllImages = 10 });
        using var plain = new TestNetwork(device, Layers(), Input, Options with { Images = 5, SyncsNorms = false });
        Assert.That(local.Plan.Steps, Is.EqualTo(plain.Plan.Steps));
        foreach (((string name, float[] a), (string _, float[] b)) in ResultsOf(local).All().Zip(Times(2, ResultsOf(plain)).All()))
            Closeness.CheckSameBits($"{test}: {name}", a, b);
        Assert.That(ranks.Gathers, Is.Zero);
    }

    /// <summary>Gradients are summed where they lie, so that not even a norm may read its own afterwards.</summary>
    [Test]
    public void NothingUsesAGradientWhileItIsSummed([Values] bool syncs)
    {
        using var device = new CpuDevice(1);
        using var network = new TestNetwork(device, Layers(), Input,
            Options with { Images = 2, AllImages = 4, Ranks = new EchoRanks(2), SyncsNorms = syncs, BucketBytes = 1 });
        Assert.That(network.Plan.Buckets, Has.Count.EqualTo(network.Network.Learned.Count()));
        foreach (GradientBucket bucket in network.Plan.Buckets)
        {
            IEnumerable<PlanStep> later = network.Plan.StepUses.Take(network.Plan.Passes.Update).Skip(bucket.ReadyAt);
            Assert.That(later.SelectMany(step => step.Uses).Select(use => use.Memory).OfType<ParameterMemory>().Where(memory =>
                memory.Run == ParameterMemory.Gradients && memory.First < bucket.First + bucket.Count
                && bucket.First < memory.First + memory.Count), Is.Empty);
        }
    }

    /// <summary>
    /// One exchange for each norm and pass, only forward where nothing needs the input's gradient, and none with frozen statistics.
    /// </summary>
    [Test]
    public void EachNormExchangesOnceForwardAndOnceBackward(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values] bool inputGradient,
        [Values] bool freezes)
    {
        using Device device = test.Make();
        var ranks = new EchoRanks(3);
        PlanOptions options = Options with { Images = 2, AllImages = 6, Ranks = ranks, InputGradient = inputGradient };
        using var network = new TestNetwork(device, Layers(), Input, options, freezesStatistics: freezes);
        int norms = network.Network.Graph.Nodes.Count(node => node.Operator is BatchNorm2d);
        int expected = freezes ? 0 : 2 * norms - (inputGradient ? 0 : 1);
        Assert.That(network.Plan.Steps.Count(step => step.EndsWith("exchange", StringComparison.Ordinal)), Is.EqualTo(expected));
        network.Parameters.Initialize(1);
        network.Plan.ComputeGradients(network.Batch);
        Assert.That(ranks.Gathers, Is.EqualTo(expected));

        // Inference uses the running statistics.
        using var inference = new Plan(network.Parameters, options with { Training = false, InputGradient = false });
        inference.Evaluate(network.Batch);
        Assert.That(ranks.Gathers, Is.EqualTo(expected));
    }

    /// <summary>Ranks whose images are copies give the gradients of one rank: every sum and count is a multiple.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void CopiesOfARankChangeNothing(DeviceUnderTest test)
    {
        using Device device = test.Make();
        using var echoed = new TestNetwork(
            device, Layers(), Input, Options with { Images = 3, Accumulate = 2, AllImages = 12, Ranks = new EchoRanks(4) });
        using var plain = new TestNetwork(device, Layers(), Input, Options with { Images = 3, Accumulate = 2 });
        Results results = ResultsOf(echoed), copies = Times(4, ResultsOf(plain));
        foreach (((string name, float[] actual), (string _, float[] expected)) in results.All().Zip(copies.All()))
        {
            // The unbiased variance knows how many there are.
            if (name.Contains("running_var", StringComparison.Ordinal)) continue;
            double[] wide = Numbers.ToDouble(expected);
            Closeness.Check($"{test}: {name}", actual, wide, Closeness.Tolerance(200, test.Rounding, wide, leastScale: 1));
        }
    }

    /// <summary>A rank may have one value per channel if others have more.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void OneValuePerChannelIsRefusedOnlyIfNoRankHasMore(DeviceUnderTest test)
    {
        Shape input = Shape.Volume(5, 1, 1);
        Func<Layer> layers = () => new Sequential { { "norm", Norm() }, new Tanh() };
        float[] x = Numbers.Reals(3 * input.Count, 5);
        float[][] outputs = ThreadRanks.Run(3, ranks =>
        {
            using TestNetwork network = Make(DeviceOf(test, ranks), layers(), input, ranks, [1, 1, 1], x);
            return ResultsOf(network).Output;
        });
        using Device device = test.Make();
        using TestNetwork whole = Make(device, layers(), input, Communicator.Alone, [3], x);
        double[] expected = Numbers.ToDouble(ResultsOf(whole).Output);
        Closeness.Check($"{test}", [.. outputs.SelectMany(y => y)], expected, Closeness.Tolerance(100, test.Rounding, expected, 1));

        var several = new EchoRanks(2);
        foreach (PlanOptions options in new[]
        {
            Options with { Images = 1 }, Options with { Images = 1, Ranks = several, AllImages = 1 },
            Options with { Images = 1, Ranks = several, AllImages = 2, SyncsNorms = false },
        })
            Assert.Throws<SingleValueException>(() => new Plan(whole.Parameters, options));
        Assert.That(() => new Plan(whole.Parameters, Options with { Images = 2, Ranks = several }),
            Throws.ArgumentException.With.Message.Contains("all ranks"));
    }

    /// <summary>Excludes the debug device, which makes an iterator for each thread of a kernel with barriers.</summary>
    public static IEnumerable<DeviceUnderTest> Frugal => DeviceUnderTest.All.Where(device => device.Family != "debug");

    [TestCaseSource(nameof(Frugal))]
    public void AStepAllocatesNothing(DeviceUnderTest test)
    {
        using Device device = test.Make();
        using var network = new TestNetwork(device, Layers(), Input,
            Options with { Images = 5, AllImages = 10, Ranks = new EchoRanks(2), InputGradient = false, Optimizer = new Sgd() });
        network.Parameters.Initialize(1);
        for (int i = 0; i < 3; i++) network.Plan.Train(network.Batch, 0.01f, 1, 0);
        // ILGPU creates an object for the host's memory at each copy of a step.
        long copies = test.Family is "opencl" or "cuda" ? 8192 : 0;
        long here = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) network.Plan.Train(network.Batch, 0.01f, 1, 0);
        here = GC.GetAllocatedBytesForCurrentThread() - here;
        Assert.That(here, Is.LessThanOrEqualTo(10 * copies), "bytes in 10 steps");
    }

    /// <summary>A range of steps may begin and end at an exchange, as where gradients are summed while the backward pass goes on.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void StepsMayRunInRanges(DeviceUnderTest test)
    {
        using Device device = test.Make();
        var ranks = new EchoRanks(2);
        using var network = new TestNetwork(device, Layers(), Input,
            Options with { Images = 3, AllImages = 6, Ranks = ranks, KeepsBuffers = true });
        Results whole = ResultsOf(network);
        int gathers = ranks.Gathers, end = network.Plan.Passes.Update;
        for (int size = 1; size < end; size += 3)
        {
            network.SetWeights("first.running_mean", whole.Start["first.running_mean"]);
            for (int first = 0; first < end; first += size) network.Plan.Repeat(first, Math.Min(end, first + size));
            network.Plan.Finish();
            gathers += 2 * network.Network.Graph.Nodes.Count(node => node.Operator is BatchNorm2d);
            Assert.That(ranks.Gathers, Is.EqualTo(gathers), $"{test}: gathers in ranges of {size}");
            Closeness.CheckSameBits($"{test}: ranges of {size}", network.ReadInputGradient(), whole.InputGradient);
            Closeness.CheckSameBits($"{test}: ranges of {size}", network.Weights("first.running_mean"), whole.State["first.running_mean"]);
        }
    }

    private sealed record Results(
        float[] Output, float[] InputGradient, Dictionary<string, float[]> Gradients, Dictionary<string, float[]> State,
        Dictionary<string, float[]> Start)
    {
        public IEnumerable<(string Name, float[] Values)> All() =>
            [("output", Output), ("input gradient", InputGradient), .. OfAllRanks()];

        /// <summary>What is the same on all ranks.</summary>
        public IEnumerable<(string Name, float[] Values)> OfAllRanks() => [.. Named(Gradients, "gradient of "), .. Named(State, "")];

        private static IEnumerable<(string, float[])> Named(Dictionary<string, float[]> values, string what) =>
            values.Select(pair => ($"{what}{pair.Key}", pair.Value));
    }

    /// <summary>Returns the results of ranks whose images are the same: gradients are summed.</summary>
    private static Results Times(int ranks, Results results) => results with
    {
        Gradients = results.Gradients.ToDictionary(pair => pair.Key, pair => pair.Value.Select(value => ranks * value).ToArray()),
    };

    private static int[] Share(int images, int ranks) =>
        [.. Enumerable.Range(0, ranks).Select(rank => new Shard(rank, ranks).Of(images).Count)];

    private static BatchNorm2d Norm() => new((float)Epsilon, (float)Momentum);

    private static Sequential Layers() => new()
    {
        { "first", Norm() },
        { "block", new Residual(new Sequential { { "conv", new Conv2d(12, 1, bias: false) }, { "norm", Norm() } }) }, new Tanh(),
        {
            "module", new Branches
            {
                { "a", new Sequential { { "conv", new Conv2d(8, 1, bias: false) }, { "norm", Norm() }, new Tanh() } },
                { "b", new Sequential { { "conv", new Conv2d(16, 3, padding: 1, bias: false) }, { "norm", Norm() }, new Sigmoid() } },
            }
        },
        { "last", Norm() },
    };

    private static ReferenceChain Reference()
    {
        return new(
            Norm(), new ReferenceSum(new ReferenceChain(Conv(12, 1), Norm()), new ReferenceFlatten()), new ReferenceTanh(),
            new ReferenceConcat(
                new ReferenceChain(Conv(8, 1), Norm(), new ReferenceTanh()),
                new ReferenceChain(Conv(16, 3), Norm(), new ReferenceSigmoid())),
            Norm());

        static ReferenceBatchNorm2d Norm() => new(Epsilon, Momentum);

        static ReferenceConv2d Conv(int filters, int size) =>
            new(filters, (size, size), (1, 1), (size / 2, size / 2), bias: false);
    }

    /// <summary>Runs a step on each rank. If a rank has no images, the batches hold more than are real.</summary>
    private (Results First, Results Again)[] Run(DeviceUnderTest test, int[] shares, float[] x) => ThreadRanks.Run(shares.Length, ranks =>
    {
        using TestNetwork network = Make(DeviceOf(test, ranks), Layers(), Input, ranks, shares, x);
        return (OfRealImages(ResultsOf(network)), OfRealImages(ResultsOf(network)));

        Results OfRealImages(Results all)
        {
            int count = shares[ranks.Rank];
            float[] filling = all.InputGradient[(count * Input.Count)..];
            Assert.That(filling, Is.All.Zero, $"{test}: gradient of images that are not real");
            return all with
            {
                Output = all.Output[..(count * network.Network.Output.Shape.Count)],
                InputGradient = all.InputGradient[..(count * Input.Count)],
            };
        }
    });

    private Device DeviceOf(DeviceUnderTest test, Communicator ranks) => _devices.GetOrAdd((test, ranks.Rank), _ => test.Make());

    private static TestNetwork Make(Device device, Layer layers, Shape input, Communicator ranks, int[] shares, float[] x)
    {
        int count = shares[ranks.Rank], first = shares[..ranks.Rank].Sum();
        bool isFull = shares.Min() > 0;
        var network = new TestNetwork(device, layers, input,
            Options with { Images = isFull ? count : count + 2, Ranks = ranks, AllImages = shares.Sum(), FirstImage = first });
        network.Batch.Images.AsSpan().Fill(1000);
        network.Batch.SetChannelsFirst(x.AsSpan(first * input.Count, count * input.Count));
        network.Batch.Count = count;
        return network;
    }

    private static Results ResultsOf(TestNetwork network)
    {
        IReadOnlyList<Parameter> parameters = network.Network.Parameters;
        Dictionary<string, float[]> start = parameters.ToDictionary(parameter => parameter.Path, Draw);
        foreach ((string path, float[] values) in start) network.SetWeights(path, values);
        network.Plan.ComputeGradients(network.Batch);
        return new(
            network.ReadOutput(), network.ReadInputGradient(),
            network.Network.Learned.ToDictionary(parameter => parameter.Path, parameter => network.Gradient(parameter.Path)),
            parameters.Where(parameter => parameter.IsState)
                .ToDictionary(parameter => parameter.Path, parameter => network.Weights(parameter.Path)), start);

        // Scales and variances are positive.
        static float[] Draw(Parameter parameter)
        {
            float[] values = Numbers.Reals(parameter.Spec.Count, 20 + parameter.Path.Length);
            return parameter.IsState || parameter.Path.EndsWith("weight", StringComparison.Ordinal) && parameter.Spec.Dimensions.Count == 1
                ? [.. values.Select(value => Math.Abs(value) + 0.5f)] : values;
        }
    }
}
