namespace GpuCnn.Tests.Reference;

/// <summary>Operators one after another, differentiated by the chain rule.</summary>
public sealed class ReferenceChain(params ReferenceLayer[] layers) : ReferenceLayer
{
    public override int ParameterCount => layers.Sum(layer => layer.ParameterCount);

    public override int StateCount => layers.Sum(layer => layer.StateCount);

    public override Extent Output(Extent input)
    {
        foreach (ReferenceLayer layer in layers) input = layer.Output(input);
        return input;
    }

    public override int LongestSum(Extent input)
    {
        int sum = 0;
        foreach (ReferenceLayer layer in layers)
        {
            sum += layer.LongestSum(input);
            input = layer.Output(input);
        }
        return sum;
    }

    public override double[] Forward(Extent input, double[] x, double[][] parameters) => Run(input, x, parameters)[^1].Values;

    /// <summary>For chains in which only the first operator has parameters or state.</summary>
    public override double[][] NextState(Extent input, double[] x, double[][] state) =>
        StateCount == layers[0].StateCount
            ? layers[0].NextState(input, x, state)
            : throw new NotSupportedException("An operator after the first has state.");

    public override Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy)
    {
        List<(Extent Extent, double[] Values)> values = Run(input, x, parameters);
        var gradients = new double[parameters.Length][];
        int end = parameters.Length;
        for (int i = layers.Length - 1; i >= 0; i--)
        {
            int first = end - layers[i].ParameterCount;
            Gradients gradient = layers[i].Backward(values[i].Extent, values[i].Values, parameters[first..end], dy);
            gradient.Parameters.CopyTo(gradients, first);
            dy = gradient.Input;
            end = first;
        }
        return new(dy, gradients);
    }

    /// <summary>Computes the input and the output of every layer.</summary>
    private List<(Extent Extent, double[] Values)> Run(Extent extent, double[] x, double[][] parameters)
    {
        List<(Extent, double[])> values = [(extent, x)];
        int first = 0;
        foreach (ReferenceLayer layer in layers)
        {
            int end = first + layer.ParameterCount;
            x = layer.Forward(extent, x, parameters[first..end]);
            extent = layer.Output(extent);
            values.Add((extent, x));
            first = end;
        }
        return values;
    }
}
