namespace GpuCnn.Tests.Reference;

/// <summary>Gradients of sum(dy * y) by the input and by each parameter.</summary>
public sealed record Gradients(double[] Input, double[][] Parameters);

/// <summary>
/// An operator in float64, written like its definition: loops over plain NCHW arrays. It shares no code with the kernels, and is itself
/// checked against finite differences.
/// </summary>
public abstract class ReferenceLayer
{
    public virtual int ParameterCount => 0;

    public abstract Extent Output(Extent input);

    /// <summary>Number of terms in the longest sum of an output value or gradient; rounding errors grow with it.</summary>
    public virtual int LongestSum(Extent input) => 1;

    public virtual int StateCount => 0;

    /// <summary>The operator's state after a training step.</summary>
    public virtual double[][] NextState(Extent input, double[] x, double[][] state) => [];

    public abstract double[] Forward(Extent input, double[] x, double[][] parameters);

    public abstract Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy);
}
