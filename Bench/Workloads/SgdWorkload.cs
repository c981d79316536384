using System.Text.Json.Nodes;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Bench.Workloads;

/// <summary>
/// SGD with momentum and weight decay over a matrix of weights. Counts 20 bytes a weight: weight, gradient and velocity are read, weight
/// and velocity are written.
/// </summary>
public sealed class SgdWorkload(int units, int inputs) : Workload
{
    private const float LearningRate = 0.1f, Momentum = 0.9f, WeightDecay = 5e-4f;

    // Float32 rounds a weight near 1 by up to 6e-8, however small the step.
    private const double WeightRounding = 1e-3;

    public override string Group => "memory";

    public override string Name => $"SGD {ResultCount / 1e6:F1}M weights";

    public override string Pass => OperatorPass.Update.Text();

    public override Work Work => Work.Bytes(5 * sizeof(float) * ResultCount);

    public override long ResultCount => (long)units * inputs;

    /// <summary>The weights after one step. The gradient is that of a fully connected layer for one image: dy (outer) x.</summary>
    public override Expected ExpectedAt(long position)
    {
        double weight = Pattern.At(Pattern.Weight, position), velocity = Pattern.At(Pattern.Velocity, position);
        double gradient = (double)Pattern.At(Pattern.OutputGradient, position / inputs) * Pattern.At(Pattern.Input, position % inputs);
        double step = LearningRate * (Momentum * velocity + gradient + WeightDecay * weight);
        return new(weight - step, Math.Abs(step) + WeightRounding);
    }

    internal override Subject Open(Device device) => new OperatorSubject(
        device, new Linear(units, bias: false), Shape.Vector(inputs), 1, OperatorPass.Update,
        new() { Optimizer = new Sgd(Momentum, WeightDecay), LearningRate = LearningRate });

    protected override JsonObject Sizes() => new()
    {
        ["operation"] = "sgd",
        ["units"] = units,
        ["inputs"] = inputs,
        ["learning_rate"] = LearningRate,
        ["momentum"] = Momentum,
        ["weight_decay"] = WeightDecay,
    };
}
