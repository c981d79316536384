using GpuCnn.Engine.Layers;

namespace GpuCnn.Explanations;

internal sealed class LinearArithmetic : LayerArithmetic
{
    public override ValueExplanation? Explain(ValuePlace place) => place.Layer.Operator is Linear ? new LinearExplanation(place) : null;
}

/// <summary>A unit of a fully connected layer: the largest of the products, their sum, and the bias.</summary>
public sealed class LinearExplanation : ValueExplanation
{
    private const int MostProducts = 12;

    private readonly ValuePlace _place;
    private readonly float[] _weights;

    internal LinearExplanation(ValuePlace place) : base(place)
    {
        _place = place;
        _weights = place.Parameter("weight");
        int inputs = place.Input.Count;
        Products = [.. Enumerable.Range(0, inputs).Select(input => place.Read(input) * (double)_weights[place.Map * inputs + input])];
        Bias = place.Find("bias") is { } bias ? bias[place.Map] : null;
    }

    /// <summary>Each input times its weight.</summary>
    public IReadOnlyList<double> Products { get; }

    /// <summary>Null if the layer has none.</summary>
    public double? Bias { get; }

    public override double Result => Products.Sum() + (Bias ?? 0);

    private protected override IEnumerable<string> Arithmetic
    {
        get
        {
            int inputs = Products.Count;
            int[] largest = [.. Enumerable.Range(0, inputs).OrderByDescending(input => Math.Abs(Products[input])).Take(MostProducts)];
            yield return inputs > largest.Length ? $"the {largest.Length} largest of {inputs} products: input x weight" : "input x weight";
            foreach (int input in largest)
            {
                string x = NumberText.Of(_place.Read(input)), weight = NumberText.Of(_weights[Map * inputs + input]);
                yield return $"{PlaceOf(input),-Label} {x} x {weight} = {NumberText.Of(Products[input])}";
            }
            if (inputs > largest.Length)
                yield return Line($"{inputs - largest.Length} other products", Products.Sum() - largest.Sum(input => Products[input]));
            yield return Line($"sum of {inputs} products", Products.Sum());
            if (Bias is { } bias) yield return Line("bias", bias);
            yield return Line("result", Result);
        }
    }

    /// <summary>Names an input: its place in the volume that was flattened, or its number.</summary>
    private string PlaceOf(int input)
    {
        return _place.Layer.Inputs[0].Producer is { Operator: Flatten, InputShapes: [{ IsVector: false } volume] }
            ? $"map {input / volume.Area}, at {input % volume.Area / volume.Width},{input % volume.Width}" : $"input {input}";
    }
}
