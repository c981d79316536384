namespace GpuCnn.Engine.Optimizers;

/// <summary>
/// Stochastic gradient descent with momentum as PyTorch defines it: g += decay w; v = momentum v + g; w -= rate v, or with
/// <see cref="Nesterov"/> w -= rate (g + momentum v).
/// </summary>
public sealed record Sgd
{
    /// <param name="decaysVectors">Whether weight decay applies to biases and to the scales of norms too, as it does in PyTorch by default.</param>
    /// <param name="maxFilterRms">After each step, filters of convolutions whose root mean square is above this are rescaled to it; 0 leaves them.</param>
    public Sgd(float momentum = 0.9f, float weightDecay = 0, bool nesterov = false, bool decaysVectors = true, float maxFilterRms = 0)
    {
        if (!(momentum is >= 0 and < 1)) throw new GpuCnnException($"SGD expects a momentum in [0, 1), but got {momentum}.");
        if (!(weightDecay >= 0) || !float.IsFinite(weightDecay)) throw new GpuCnnException($"SGD expects a weight decay of 0 or more, but got {weightDecay}.");
        if (!(maxFilterRms >= 0) || !float.IsFinite(maxFilterRms)) throw new GpuCnnException($"SGD expects a limit of 0 or more on the RMS of filters, but got {maxFilterRms}.");
        Momentum = momentum;
        WeightDecay = weightDecay;
        Nesterov = nesterov;
        DecaysVectors = decaysVectors;
        MaxFilterRms = maxFilterRms;
    }

    public float Momentum { get; }

    public float WeightDecay { get; }

    public bool Nesterov { get; }

    public bool DecaysVectors { get; }

    /// <summary>0 for no limit.</summary>
    public float MaxFilterRms { get; }
}
