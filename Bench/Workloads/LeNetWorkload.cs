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
/// Whole training steps of LeNet-5 (ReLU, max pool): forward, cross-entropy, backward, SGD with momentum and weight decay. The result is
/// the mean loss of each of the first steps, so all from the second on depend on the gradients and the update.
/// </summary>
public sealed class LeNetWorkload : Workload
{
    private const int Images = 64;
    private const float LearningRate = 0.05f, Momentum = 0.9f, WeightDecay = 5e-4f;

    // From PyTorch 1.13 in float64: lenet(…, dtype=torch.float64) of peers/peer.py. Without momentum the third is 2.30516.
    private static readonly double[] Losses =
        [2.305741575787119, 2.3054453366757905, 2.3049056267499988, 2.304159594087229, 2.303282854433316];

    // The change of the losses in these steps.
    private const double LossChange = 0.0025;

    public override string Group => "lenet";

    public override string Name => $"LeNet-5, batch {Images}";

    public override string Pass => "training step";

    public override Work Work => Work.Images(Images);

    public override long ResultCount => Losses.Length;

    public override Expected ExpectedAt(long position) => new(Losses[position], 10 * LossChange);

    internal override Subject Open(Device device) => new Training(device);

    protected override JsonObject Sizes() => new()
    {
        ["operation"] = "lenet",
        ["images"] = Images,
        ["learning_rate"] = LearningRate,
        ["momentum"] = Momentum,
        ["weight_decay"] = WeightDecay,
        ["steps"] = Losses.Length,
    };

    private sealed class Training : Subject
    {
        private readonly ParameterStore _parameters;
        private readonly Plan _plan;
        private readonly Batch _batch;
        private readonly Func<Batch?> _again;
        private readonly double[] _losses;
        private readonly SteadySteps _steps;
        private ulong _step;

        public Training(Device device)
        {
            Network network = new LeNet5().Build();
            _parameters = device.CreateParameters(network, training: true);
            for (int i = 0; i < network.Parameters.Count; i++)
            {
                Parameter parameter = network.Parameters[i];
                var values = new Tensor([.. parameter.Spec.Dimensions]);
                Pattern.Fill(Pattern.FirstParameter + i, values.Values, (float)(1 / Math.Sqrt(parameter.Spec.FanIn)));
                _parameters.SetWeights(parameter, values);
            }
            _plan = new Plan(_parameters,
                new()
                {
                    Images = Images,
                    Loss = new SoftmaxCrossEntropy(),
                    Training = true,
                    Optimizer = new Sgd(Momentum, WeightDecay),
                    UploadsAhead = true,
                });
            _batch = new Batch(network.Input, Images) { Count = Images };
            Pattern.FillImages(_batch);
            for (int image = 0; image < Images; image++) _batch.Labels[image] = Pattern.Label(image, network.Output.Shape.Count);
            _again = () => _batch;
            _losses = [.. Losses.Select(_ => Step().Loss)];
            _steps = new(_plan, _batch, LearningRate);
        }

        public override IReadOnlyList<string> Steps => _plan.Steps;

        public override double ResultAt(long position) => _losses[position];

        public override void Run() => _steps.Run();

        public override void Finish() => _steps.Finish();

        public override void Dispose()
        {
            _plan.Dispose();
            _parameters.Dispose();
        }

        private BatchResult Step() => _plan.Train(_batch, LearningRate, seed: 1, _step++, _again);
    }
}
