using System.Text.Json.Nodes;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Tuning;
using GpuCnn.Models;

namespace GpuCnn.Bench.Workloads;

/// <summary>
/// A whole network of torchvision, without dropout: training steps (forward, cross-entropy, backward, SGD with momentum and weight decay;
/// training heads count 0.3) or inference. The result is the mean loss of each of the first steps, so all from the second on depend on the
/// gradients and the update; or the logits. There is no formula for it: both sides must agree.
/// </summary>
public sealed class NetworkWorkload(
    string model, int images, bool training, int? side = null, IReadOnlyDictionary<long, Expected>? expected = null) : Workload
{
    private const int FirstSteps = 3;

    // Small enough for every network to learn, including deep ones without norms.
    private const float LearningRate = 2e-4f, Momentum = 0.9f, WeightDecay = 5e-4f;


    private readonly Architecture _architecture = Architecture.Find(model);

    public override string Group => model == BottleneckBlock.BlockName ? "block" : "networks";

    public override string Name => $"{model}{(side is { } given ? $" {given}x{given}" : "")}, batch {images}";

    public override string Pass => training ? "training step" : "inference";

    public override Work Work => Work.Images(images);

    /// <summary>A round is long compared with those of other workloads.</summary>
    public override int MostRounds => 5;

    public override long ResultCount => training ? FirstSteps : (long)images * _architecture.Classes;

    public override Expected ExpectedAt(long position) =>
        expected?[position] ?? throw new InvalidOperationException("A network's result is unknown until another side has computed it.");

    /// <summary>
    /// In units of <see cref="Verification"/>'s tolerance. In float32 1E-5 of the largest loss and 1E-3 of its change by the steps, or 3E-5
    /// of the largest logit seen; VGG-16, which has no norms, reaches 2E-4 of the change. PyTorch in bfloat16 differs from itself in
    /// float32 by up to 5E-3 of the loss (ResNet-50), 0.16 of the change (GoogLeNet) and 1E-2 of the largest logit (VGG-16); TF32 has an
    /// eighth of its rounding errors.
    /// </summary>
    private (double OfLoss, double OfChange, double OfLogit) Tolerances => Precision switch
    {
        Precision.TF32 => (0.4, 15, 2),
        Precision.BFloat16 => (0.7, 25, 4),
        _ => (0.03, 3, 0.1),
    };

    internal override Workload Expecting(IReadOnlyList<long> positions, Func<IReadOnlyList<double>> reference)
    {
        IReadOnlyList<double> values = reference();
        double largest = values.Max(Math.Abs), change = Math.Abs(values[^1] - values[0]);
        (double ofLoss, double ofChange, double ofLogit) = Tolerances;
        double magnitude = training ? ofLoss * largest + ofChange * change : ofLogit * largest;
        return new NetworkWorkload(model, images, training, side,
            positions.Zip(values).ToDictionary(pair => pair.First, pair => new Expected(pair.Second, magnitude))).Like(this);
    }

    internal override Subject Open(Device device) => training ? new Trained(this, device) : new Inferred(this, device);

    protected override JsonObject Sizes()
    {
        Network network = Build();
        return new()
        {
            ["operation"] = "network",
            ["model"] = model,
            ["weights"] = ExchangedWeights.FileOf(network),
            ["images"] = images,
            ["input"] = new JsonArray(network.Input.Channels, network.Input.Height, network.Input.Width),
            ["classes"] = network.Output.Shape.Count,
            ["training"] = training,
            ["learning_rate"] = LearningRate,
            ["momentum"] = Momentum,
            ["weight_decay"] = WeightDecay,
            ["steps"] = FirstSteps,
        };
    }

    private Network Build() => _architecture.Build(
        side is { } given ? Shape.Volume(_architecture.Input.Channels, given, given) : null,
        recipe: _architecture.Recipe with { Dropout = 0, HeadDropout = 0, HeadWeight = 0.3f });

    private abstract class OnDevice : Subject
    {
        private readonly ParameterStore _parameters;

        protected OnDevice(NetworkWorkload workload, Device device, PlanOptions options)
        {
            Network network = workload.Build();
            _parameters = device.CreateParameters(network, options.Training);
            ExchangedWeights.Draw(_parameters);
            Plan = new Plan(
                _parameters,
                options with { Algorithms = TileAlgorithms.Of(device, _parameters, options, workload.Tile), UploadsAhead = true });
            Batch = new Batch(network.Input, options.Images) { Count = options.Images };
            Again = () => Batch;
            Pattern.FillImages(Batch);
            for (int image = 0; image < options.Images; image++) Batch.Labels[image] = Pattern.Label(image, network.Output.Shape.Count);
        }

        public override IReadOnlyList<string> Steps => Plan.Steps;

        public override IReadOnlyList<(PlanStep Step, KernelResources Kernel)> ReadKernelResources() => Plan.ReadKernelResources();

        protected Plan Plan { get; }

        protected Batch Batch { get; }

        /// <summary>The next batch is the same: it is copied to the device again, while a step runs.</summary>
        protected Func<Batch?> Again { get; }

        public override void Dispose()
        {
            Plan.Dispose();
            _parameters.Dispose();
        }
    }

    private sealed class Trained : OnDevice
    {
        private readonly double[] _losses;
        private readonly SteadySteps _steps;

        public Trained(NetworkWorkload workload, Device device) : base(workload, device, new()
        {
            Images = (int)workload.Work.Amount,
            Precision = workload.Precision,
            Loss = new SoftmaxCrossEntropy(),
            Training = true,
            Optimizer = new Sgd(Momentum, WeightDecay),
        })
        {
            _losses = [.. Enumerable.Range(0, FirstSteps)
                .Select(step => Plan.Train(Batch, LearningRate, seed: 1, (ulong)step, Again).Loss)];
            _steps = new(Plan, Batch, LearningRate);
        }

        public override double ResultAt(long position) => _losses[position];

        public override void Run() => _steps.Run();

        public override void Finish() => _steps.Finish();
    }

    private sealed class Inferred : OnDevice
    {
        private readonly float[] _logits;
        private readonly SteadySteps _steps;

        public Inferred(NetworkWorkload workload, Device device) : base(workload, device,
            new() { Images = (int)workload.Work.Amount, Precision = workload.Precision, Loss = new SoftmaxCrossEntropy() })
        {
            Plan.Evaluate(Batch, next: Again);
            _logits = new float[workload.ResultCount];
            Plan.ReadOutput(_logits);
            _steps = new(Plan, Batch);
        }

        public override double ResultAt(long position) => _logits[position];

        public override void Run() => _steps.Run();

        public override void Finish() => _steps.Finish();
    }
}
