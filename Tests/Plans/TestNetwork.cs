using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;

namespace GpuCnn.Tests.Plans;

/// <summary>A network on a device with a plan and a batch of random images.</summary>
internal sealed class TestNetwork : IDisposable
{
    /// <param name="frozen">Start of the paths that are not trained.</param>
    public TestNetwork(Device device, Layer layers, Shape input, PlanOptions options, string? frozen = null,
        bool freezesStatistics = false)
    {
        Network = new Network("test", layers, input);
        if (frozen is not null) Network.Freeze(path => path.StartsWith(frozen, StringComparison.Ordinal));
        if (freezesStatistics) Network.FreezeStatistics();
        Parameters = device.CreateParameters(Network, options.Training, options.InputGradient);
        Plan = new Plan(Parameters, options);
        int images = options.Images * options.Accumulate;
        Batch = new Batch(input, images) { Count = images };
        Batch.SetChannelsFirst(Numbers.Reals(Batch.Images.Length, seed: 5));
        for (int i = 0; i < images; i++) Batch.Labels[i] = i * 7 % Network.Output.Shape.Channels;
    }

    public Network Network { get; }

    public ParameterStore Parameters { get; }

    public Plan Plan { get; }

    public Batch Batch { get; }

    /// <summary>The batch's images as the references count them: [N, C, H, W].</summary>
    public float[] Images => Batch.GetChannelsFirst();

    /// <summary>
    /// Gives the parameters random values, and computes the gradients of a batch of some real images. The others hold large values, so that
    /// one that counts is noticed.
    /// </summary>
    public void ComputeRandomGradients(int real)
    {
        int seed = 20;
        foreach (Parameter parameter in Network.Parameters) SetWeights(parameter.Path, Numbers.Reals(parameter.Spec.Count, seed++));
        Batch.Count = real;
        Batch.Images.AsSpan(real * Batch.Shape.Count).Fill(1e4f);
        Plan.ComputeGradients(Batch);
    }

    /// <summary>[N, C, H, W]</summary>
    public float[] ReadOutput() => Plan.GetOutputChannelsFirst();

    /// <summary>[N, C, H, W]</summary>
    public float[] ReadInputGradient() => Plan.GetInputGradientChannelsFirst();

    public float[] Weights(string path) => Parameters.GetWeights(Find(path)).Values;

    public float[] Gradient(string path) => Parameters.GetGradient(Find(path)).Values;

    public void SetWeights(string path, float[] values) =>
        Parameters.SetWeights(Find(path), new Tensor([.. Find(path).Spec.Dimensions], values));

    /// <summary>A small LeNet-5 with dropout: every operator but tanh and averages.</summary>
    public static Layer SmallNet() => new Sequential
    {
        { "conv1", new Conv2d(6, 5) }, new ReLU(), new MaxPool2d(2, 2),
        { "conv2", new Conv2d(16, 3, padding: 1) }, new ReLU(), new MaxPool2d(3, 2, 1, ceilMode: true),
        new Flatten(), new Dropout(0.5f),
        { "fc1", new Linear(30) }, new Sigmoid(), new Dropout(0.25f),
        { "fc2", new Linear(10) },
    };

    public void Dispose()
    {
        Plan.Dispose();
        Parameters.Dispose();
    }

    private Parameter Find(string path) => Network.Parameters.Single(parameter => parameter.Path == path);
}
