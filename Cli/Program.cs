Console.WriteLine("gpucnn");
