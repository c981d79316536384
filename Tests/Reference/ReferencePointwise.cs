namespace GpuCnn.Tests.Reference;

/// <summary>A function of each value, and its derivative.</summary>
public abstract class ReferencePointwise : ReferenceLayer
{
    public sealed override Extent Output(Extent input) => input;

    public sealed override double[] Forward(Extent input, double[] x, double[][] parameters) => [.. x.Select(Value)];

    public sealed override Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy) =>
        new([.. x.Select((value, i) => Derivative(value) * dy[i])], []);

    protected abstract double Value(double x);

    protected abstract double Derivative(double x);
}

/// <summary>y = max(0, x); the derivative at 0 is 0.</summary>
public sealed class ReferenceReLU : ReferencePointwise
{
    protected override double Value(double x) => x > 0 ? x : 0;

    protected override double Derivative(double x) => x > 0 ? 1 : 0;
}

public sealed class ReferenceTanh : ReferencePointwise
{
    protected override double Value(double x) => Math.Tanh(x);

    protected override double Derivative(double x) => 1 / (Math.Cosh(x) * Math.Cosh(x));
}

public sealed class ReferenceSigmoid : ReferencePointwise
{
    protected override double Value(double x) => 1 / (1 + Math.Exp(-x));

    protected override double Derivative(double x) => 1 / ((1 + Math.Exp(-x)) * (1 + Math.Exp(x)));
}

/// <summary>y = x: the effect of Flatten on values.</summary>
public sealed class ReferenceFlatten : ReferenceLayer
{
    public override Extent Output(Extent input) => new(input.Images, input.Count / input.Images, 1, 1);

    public override double[] Forward(Extent input, double[] x, double[][] parameters) => [.. x];

    public override Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy) => new([.. dy], []);
}
