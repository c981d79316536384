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

    // In units of Verification's tolerance: 1E-5 of the largest loss and 1E-3 of its change by the steps, or 3E-5 of the largest logit
    // seen. VGG-16, which has no norms, reaches 2E-4 of the change.
    private const double OfLoss = 0.03, OfChange = 3, OfLogit = 0.1;

    private readonly Architecture _architecture = Architecture.Find(model);

    public override string Group => "networks";

    public override string Name => $"{model}{(side is { } given ? $" {given}x{given}" : "")}, batch {images}";

    public override string Pass => training ? "training step" : "inference";

    public override Work Work => Work.Images(images);

    /// <summary>A round is long compared with those of other workloads.</summary>
    public override int MostRounds => 5;

    public override long ResultCount => training ? FirstSteps : (long)images * _architecture.Classes;

    public override Expected ExpectedAt(long position) =>
        expected?[position] ?? throw new InvalidOperationException("A network's result is unknown until another side has computed it.");

    internal override Workload Expecting(IReadOnlyList<long> positions, Func<IReadOnlyList<double>> reference)
    {
        IReadOnlyList<double> values = reference();
        double largest = values.Max(Math.Abs), change = Math.Abs(values[^1] - values[0]);
        double magnitude = training ? OfLoss * largest + OfChange * change : OfLogit * largest;
        return new NetworkWorkload(model, images, training, side,
            positions.Zip(values).ToDictionary(pair => pair.First, pair => new Expected(pair.Second, magnitude)));
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
            Plan = new Plan(_parameters, options with { Algorithms = AlgorithmTable.Load(device).Algorithms, UploadsAhead = true });
            Batch = new Batch(network.Input, options.Images) { Count = options.Images };
            Again = () => Batch;
            Pattern.FillImages(Batch);
            for (int image = 0; image < options.Images; image++) Batch.Labels[image] = Pattern.Label(image, network.Output.Shape.Count);
        }

        public override IReadOnlyList<string> Steps => Plan.Steps;

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
        private ulong _step;

        public Trained(NetworkWorkload workload, Device device) : base(workload, device, new()
        {
            Images = (int)workload.Work.Amount,
            Loss = new SoftmaxCrossEntropy(),
            Training = true,
            Optimizer = new Sgd(Momentum, WeightDecay),
        }) => _losses = [.. Enumerable.Range(0, FirstSteps).Select(_ => Step().Loss)];

        public override double ResultAt(long position) => _losses[position];

        public override void Run() => Step();

        private BatchResult Step() => Plan.Train(Batch, LearningRate, seed: 1, _step++, Again);
    }

    private sealed class Inferred : OnDevice
    {
        private readonly float[] _logits;

        public Inferred(NetworkWorkload workload, Device device) : base(workload, device,
            new() { Images = (int)workload.Work.Amount, Loss = new SoftmaxCrossEntropy() })
        {
            Run();
            _logits = new float[workload.ResultCount];
            Plan.ReadOutput(_logits);
        }

        public override double ResultAt(long position) => _logits[position];

        public override void Run() => Plan.Evaluate(Batch, next: Again);
    }
}
