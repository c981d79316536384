namespace GpuCnn.Data.Demo;

/// <summary>
/// One class of the demo data set. Every class of this assembly that implements it is drawn: a class is added by adding a file.
/// </summary>
internal interface IDemoObject
{
    /// <summary>The name of the class and of its folder.</summary>
    string Name { get; }

    /// <summary>Draws the object in the box [-1, 1], standing on y = 0.85, in random colors and details.</summary>
    void Draw(Pen pen, ref RandomStream random);
}
