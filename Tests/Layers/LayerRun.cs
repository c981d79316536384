using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Plans;

namespace GpuCnn.Tests.Layers;

/// <summary>Position of the layer under test.</summary>
public enum Place
{
    /// <summary>Reads the network's input, which a device may store in a special layout.</summary>
    First,

    /// <summary>Reads the network's input, whose gradient is needed.</summary>
    FirstWithGradient,

    /// <summary>Reads the output of another operator.</summary>
    Inner,
}

/// <summary>What a device made of a batch; volumes are [N, C, H, W].</summary>
public sealed record LayerResult(float[] Output, float[]? InputGradient, float[][] ParameterGradients, float[][] State)
{
    public IEnumerable<(string Name, float[] Values)> Tensors()
    {
        yield return ("output", Output);
        if (InputGradient is not null) yield return ("input gradient", InputGradient);
        for (int i = 0; i < ParameterGradients.Length; i++) yield return ($"gradient of parameter {i}", ParameterGradients[i]);
        for (int i = 0; i < State.Length; i++) yield return ($"state {i}", State[i]);
    }
}

/// <summary>A layer in the smallest network that can differentiate it, on a device, for a batch size.</summary>
internal sealed class LayerRun : IDisposable
{
    public const ulong Seed = 7, Step = 3;

    private readonly DirtyLanes? _lanes;
    private readonly Network _network;
    private readonly ParameterStore _parameters;
    private readonly Plan _plan;
    private readonly Batch _batch;

    public LayerRun(Device device, Func<Layer> layer, Shape input, Place place, int images, Optimizer? optimizer = null,
        IReadOnlyDictionary<string, string>? algorithms = null, Precision precision = Precision.Float32)
    {
        _lanes = place == Place.Inner ? new DirtyLanes() : null;
        _network = new Network("test", _lanes is null ? layer() : new Sequential { _lanes, layer() }, input);
        bool gradient = place != Place.First;
        _parameters = device.CreateParameters(_network, training: true, gradient);
        _plan = new Plan(_parameters, new PlanOptions
        {
            Images = images,
            Training = true,
            InputGradient = gradient,
            Loss = new ProjectionLoss(),
            Optimizer = optimizer,
            Algorithms = algorithms,
            Precision = precision,
        });
        _batch = new Batch(input, images) { Count = images };
    }

    public static bool HasParameters(LayerCase layer) => new Network("test", layer.Layer(), layer.Input).Parameters.Count > 0;

    /// <summary>
    /// Values for all parameters of a layer, in order of the network. Some state, a variance say, has to be positive: all of it is.
    /// </summary>
    public static float[][] Draw(LayerCase layer, Func<int, int, float, float[]> draw) =>
    [
        .. new Network("test", layer.Layer(), layer.Input).Parameters.Select((parameter, i) =>
        {
            float[] values = draw(parameter.Spec.Count, 10 + i, 1);
            return parameter.IsState ? [.. values.Select(value => Math.Abs(value) + 0.5f)] : values;
        }),
    ];

    public long PredictedBytes => _plan.TotalBytes;

    public IReadOnlyList<PlanChoice> Choices => _plan.Choices;

    public LayerResult Run(float[] x, float[][] parameters)
    {
        Set(parameters);
        _batch.SetChannelsFirst(x);
        _plan.ComputeGradients(_batch, Seed, Step);
        float[] y = _plan.GetOutputChannelsFirst();
        float[]? dx = _plan.Options.InputGradient ? _plan.GetInputGradientChannelsFirst() : null;
        return new(y, dx, [.. _network.Learned.Select(parameter => _parameters.GetGradient(parameter).Values)],
            [.. _network.Parameters.Where(parameter => parameter.IsState).Select(parameter => _parameters.GetWeights(parameter).Values)]);
    }

    public void Train(float[] x, int steps)
    {
        _batch.SetChannelsFirst(x);
        for (int step = 0; step < steps; step++) _plan.Train(_batch, learningRate: 0.01f, Seed, Step);
    }

    /// <summary>Returns the output with the store's current weights.</summary>
    public float[] Infer(float[] x)
    {
        _batch.SetChannelsFirst(x);
        _plan.Evaluate(_batch, Seed, Step);
        return _plan.GetOutputChannelsFirst();
    }

    /// <summary>Largest gradient of the last run in lanes that belong to no channel.</summary>
    public float LargestGradientPastC => _lanes?.LargestGradientPastC ?? 0;

    public void Set(float[][] parameters)
    {
        for (int i = 0; i < parameters.Length; i++)
            _parameters.SetWeights(_network.Parameters[i], new Tensor([.. _network.Parameters[i].Spec.Dimensions], parameters[i]));
    }

    public float[][] Get() => [.. _network.Parameters.Select(parameter => _parameters.GetWeights(parameter).Values)];

    public void Dispose()
    {
        _plan.Dispose();
        _parameters.Dispose();
    }
}
