namespace GpuCnn.Tests.Reference;

/// <summary>
/// PyTorch's SGD (https://pytorch.org/docs/stable/generated/torch.optim.SGD.html, dampening 0): g += decay w; v = momentum v + g, with g as
/// the first v; g = g + momentum v with Nesterov, else v; w -= rate g.
/// </summary>
public sealed class ReferenceSgd(double momentum, double decay, bool nesterov)
{
    private double[]? _velocity;

    public void Step(double[] weights, double[] gradient, double rate)
    {
        double[] g = [.. gradient.Select((value, i) => value + decay * weights[i])];
        _velocity = _velocity is null ? [.. g] : [.. _velocity.Select((v, i) => momentum * v + g[i])];
        for (int i = 0; i < weights.Length; i++)
            weights[i] -= rate * (nesterov ? g[i] + momentum * _velocity[i] : _velocity[i]);
    }

    public double[] Velocity => _velocity ?? [];
}
